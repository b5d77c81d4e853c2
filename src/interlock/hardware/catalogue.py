"""Reading chips: the shipped catalogue, a user's own files, and what-if chips made with `like`."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter

from interlock.catalogue import entries, looks_like_path, own_path, resolve
from interlock.errors import InputError, shown
from interlock.evidence import Evidence, Source
from interlock.files import check, read_toml
from interlock.hardware.chip import Chip, covering, numbers

_ADAPTER: Final = TypeAdapter(Chip)
_WHAT_IF: Final = Source(kind=Evidence.ASSUMED, ref="the user's what-if")


def names() -> list[str]:
    """The names of all chips, shipped and the user's."""
    return list(entries("chip", ".toml"))


def chip(name: str, where: str | None = None) -> Chip:
    """One chip by name, alias or path of a TOML file.

    Raises:
        InputError: unknown name, unreadable file, or a field that is not accepted.
    """
    if looks_like_path(name):
        return _read(own_path(name))
    return _read(resolve("chip", name, ".toml", _aliases, where))


def all_chips() -> list[Chip]:
    """Every chip of the catalogue, sorted by name."""
    return [_read(path) for path in entries("chip", ".toml").values()]


def _aliases() -> dict[str, str]:
    return {alias: path.stem for path in entries("chip", ".toml").values() for alias in _read(path).aliases}


def _read(path: Path) -> Chip:
    try:
        stamp = path.stat().st_mtime_ns
    except OSError:
        stamp = 0
    return _read_cached(path, stamp)


@cache
def _read_cached(path: Path, _stamp: int) -> Chip:
    found = check(_ADAPTER, {"id": path.stem, **merged(path)}, str(path))
    if "main" not in found.memories:
        raise InputError(str(path), "nothing", "the memory that models live in, which is required", "memories.main")
    return found


def merged(path: Path, seen: tuple[Path, ...] = ()) -> dict[str, Any]:
    """A chip's table with the table it is `like` underneath it.

    Raises:
        InputError: `like` names no chip, or leads back to where it started.
    """
    data = read_toml(path)
    like = data.get("like")
    if like is None:
        return data
    where = str(path)
    if not isinstance(like, str):
        raise InputError(where, shown(like), 'the name of a chip, for example "h100-sxm"', "like")
    base = Path(path.parent / like) if looks_like_path(like) else _base_path(like, where)
    if _same(base) in {_same(item) for item in (*seen, path)}:
        ring = " -> ".join(item.stem for item in (*seen, path, base))
        raise InputError(where, f"a ring of `like`: {ring}", "a chain that ends at a complete chip", "like")
    below = merged(base, (*seen, path))
    below.pop("aliases", None)
    below.pop("printed", None)
    result = _overlay(below, data)
    base_sources, own = below.get("sources", {}), data.get("sources", {})
    if isinstance(base_sources, dict) and isinstance(own, dict):
        changed = {leaf: covering(own, leaf) or _WHAT_IF for leaf in numbers(data)}
        result["sources"] = {**base_sources, **own, **changed}
    return result


def _same(path: Path) -> str:
    """The file behind a path, whatever links lead to it."""
    return os.path.realpath(path)


def _base_path(like: str, where: str) -> Path:
    return resolve("chip", like, ".toml", dict, f"{where}: like")


def _overlay(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    result = dict(below)
    for key, value in above.items():
        under = result.get(key)
        result[key] = _overlay(under, value) if isinstance(under, dict) and isinstance(value, dict) else value
    return result
