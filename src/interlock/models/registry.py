"""Finding the reader of an architecture by its `model_type`, at the top of a config or inside another one."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

from interlock.errors import InputError, UnknownNameError, shown
from interlock.models import architectures
from interlock.models.config import Config


def known_architectures() -> list[str]:
    """Every `model_type` that can be read."""
    return sorted(module.name for module in pkgutil.iter_modules(architectures.__path__))


def architecture(config: Config, default: str | None = None) -> ModuleType:
    """The module that reads a config.

    Args:
        config: the config, or a section of one.
        default: the `model_type` of a section that does not name one.

    Raises:
        InputError: no `model_type`, or one that is not known.
    """
    kind = config.data.get("model_type", default)
    field = f"{config.path}.model_type" if config.path else "model_type"
    if not isinstance(kind, str):
        found = "nothing" if kind is None else shown(kind)
        raise InputError(config.where, found, f"one of {', '.join(known_architectures())}", field)
    module = kind.lower().replace("-", "_")
    if module not in known_architectures():
        raise UnknownNameError("architecture", kind, known_architectures(), f"{config.where}: {field}")
    return importlib.import_module(f"{architectures.__name__}.{module}")


def nested(config: Config, name: str, default: str) -> tuple[ModuleType, Config]:
    """The reader of a section and the section with its class's defaults, which nested configs leave out."""
    section = config.section(name)
    module = architecture(section, default)
    own = {"dtype": config.data.get("dtype") or config.data.get("torch_dtype")}
    return module, section.filled({**getattr(module, "DEFAULTS", {}), **own})
