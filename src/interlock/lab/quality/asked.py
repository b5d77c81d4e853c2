"""Techniques as they are asked for on the command line, and as they are called in reports."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from itertools import product
from typing import Final

from interlock.errors import InputError, shown
from interlock.lab.quality.composed import Composed
from interlock.techniques.base import Parameter, Technique
from interlock.techniques.registry import technique

_PLUS: Final = re.compile(r"\+(?=[A-Za-z])")  # between techniques; formats have a digit behind theirs
_ALWAYS: Final = ("bits", "group_size")  # what a label says even where it is the default


def asked_technique(
    text: str, bits: int | None = None, group_size: int | None = None, settings: Sequence[str] = ()
) -> Technique:
    """A technique from its name (with parameters behind a colon, or not) and flags, which win.

    Several, with a plus between them, are carried out one after the other, and take no flags.

    Raises:
        InputError: an unknown technique or parameter, or parts that do not go together.
    """
    if len(parts := _PLUS.split(text)) > 1:
        if bits is not None or group_size is not None or settings:
            raise InputError("--technique", shown(text), "parameters behind the colon of each part, and no flags")
        return Composed(parts=tuple(technique(part, "--technique") for part in parts))
    found = technique(text, "--technique")
    flags = [("--bits", "bits", bits), ("--group-size", "group_size", group_size)]
    for flag, key, value in flags:
        if value is not None:
            if value < 0:
                raise InputError(flag, str(value), "a whole number from 0")
            found = found.with_parameters(f"{key}={value}", flag)
    for setting in settings:
        found = found.with_parameters(setting, "--set")
    return found


def asked_techniques(text: str, bits: Sequence[int], group_sizes: Sequence[int]) -> list[Technique]:
    """Every combination of a list such as "rtn,gptq:bits=3,act_order=no" with widths and group sizes.

    A technique without such a parameter is taken once. Parameters that the list itself sets stay as they are.

    Raises:
        InputError: an unknown technique or parameter.
    """
    found: dict[str, Technique] = {}
    for item in _items(text):
        plain = asked_technique(item)
        if isinstance(plain, Composed):
            found.setdefault(repr(plain), plain)
            continue
        own = {field.name for field in fields(plain)}
        _, _, said = item.partition(":")
        free = [name for name in _ALWAYS if name in own and f"{name}=" not in said.replace("-", "_")]
        axes = [(bits if name == "bits" else group_sizes) if name in free else () for name in _ALWAYS]
        for width, group in product(*(axis or (None,) for axis in axes)):
            each = asked_technique(item, width, group)
            found.setdefault(repr(each), each)
    return list(found.values())


def _items(text: str) -> Iterator[str]:
    """Items between commas; a part that sets a parameter belongs to the item before it."""
    items: list[str] = []
    for part in text.split(","):
        if "=" in part.partition(":")[0] and items and ":" in items[-1]:
            items[-1] += f",{part}"
        else:
            items.append(part)
    if not all(item.strip() for item in items):
        raise InputError("--techniques", shown(text), "names separated by commas, such as rtn,gptq:bits=3")
    yield from items


def technique_name(found: Technique) -> str:
    """The name it has in the registry: its file's."""
    if isinstance(found, Composed):
        return "+".join(technique_name(part) for part in found.parts)
    return type(found).__module__.rpartition(".")[2].replace("_", "-")


def technique_parameters(found: Technique) -> dict[str, Parameter]:
    """All parameters, with their values; those of parts are numbered."""
    return found.parameters() if isinstance(found, Composed) else asdict(found)


def technique_modules(found: Technique) -> tuple[str, ...]:
    """The modules that it is written in."""
    parts = found.parts if isinstance(found, Composed) else (found,)
    return tuple(type(part).__module__ for part in parts)


def technique_label(found: Technique) -> str:
    """Its name, its width and group size, and what differs from its defaults."""
    if isinstance(found, Composed):
        return " + ".join(technique_label(part) for part in found.parts)
    usual = getattr(importlib.import_module(type(found).__module__), "TECHNIQUE", found)
    told = [
        f"{field.name}={getattr(found, field.name)}"
        for field in fields(found)
        if field.name in _ALWAYS or getattr(found, field.name) != getattr(usual, field.name, None)
    ]
    return " ".join([technique_name(found), *told])
