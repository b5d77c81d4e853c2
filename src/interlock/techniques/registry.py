"""Finding techniques: the file name is the name."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Final

from interlock import techniques
from interlock.errors import UnknownNameError
from interlock.techniques.base import Technique

SHORT: Final = {"rtn": "round-to-nearest"}


def _places() -> dict[str, str]:
    """Name to module, for every file in a family's folder."""
    found = {}
    for family in pkgutil.iter_modules(techniques.__path__):
        if family.ispkg:
            package = importlib.import_module(f"{techniques.__name__}.{family.name}")
            for module in pkgutil.iter_modules(package.__path__):
                found[module.name.replace("_", "-")] = f"{package.__name__}.{module.name}"
    return dict(sorted(found.items()))


def names() -> dict[str, str]:
    """Names of all techniques, with their family."""
    return {name: place.split(".")[-2] for name, place in _places().items()}


def technique(text: str, where: str = "--technique") -> Technique:
    """A technique by name or short name, with parameters after a colon: "gptq" or "gptq:bits=3,group_size=64".

    Raises:
        InputError: unknown name or parameter.
    """
    name, colon, parameters = text.partition(":")
    places = _places()
    key = name.strip().lower().replace("_", "-")
    key = SHORT.get(key, key)
    if key not in places:
        raise UnknownNameError("technique", name, places, where)
    found: Technique = importlib.import_module(places[key]).TECHNIQUE
    return found.with_parameters(parameters, where) if colon else found
