"""Nodes: phones, servers, racks and pods, each a count of one chip with the memory and power around them.

keeps: values are of the whole node, memory of its host processors apart from the chips'; unknown is None, never 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final, Literal

from pydantic import ConfigDict, TypeAdapter

from interlock.catalogue import entries, looks_like_path, own_path, resolve
from interlock.errors import InputError, shown
from interlock.evidence import Source
from interlock.files import check, read_toml
from interlock.hardware import catalogue
from interlock.hardware.chip import Bytes, BytesPerSecond, Count, Share, UsDollars, Watts, covering


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One node, as the catalogue holds it: `id` is the file name.

    `torus` is the shape of the chips' network where it is one, and `optical_circuit_switch` says that slices of
    other shapes can be cut from it. `memory` is what is installed beside each chip, where that differs from the
    largest configuration that the chip names, and `memory_share` the share of it that one application may use.
    `processor` is the host's, by its name among the chips; `storage` what it reads files from.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")
    id: str
    name: str
    kind: Literal["device", "node", "rack", "pod"]
    chip: str
    chips: Count
    sources: dict[str, Source]
    torus: tuple[Count, ...] | None = None
    optical_circuit_switch: bool = False
    memory: Bytes | None = None
    memory_share: Share | None = None
    host_memory: Bytes | None = None
    host_memory_bandwidth: BytesPerSecond | None = None
    processor: str | None = None
    storage: Bytes | None = None
    storage_read: BytesPerSecond | None = None
    storage_write: BytesPerSecond | None = None
    power: Watts | None = None
    price: UsDollars | None = None
    aliases: tuple[str, ...] = ()
    note: str = ""

    def source_of(self, path: str) -> Source | None:
        """The source of a field."""
        return covering(self.sources, path)


_ADAPTER: Final = TypeAdapter(Node)


def names() -> list[str]:
    """The names of all nodes, shipped and the user's."""
    return list(entries("node", ".toml"))


def node(name: str, where: str | None = None) -> Node:
    """One node by name, alias or path of a TOML file.

    Raises:
        InputError: unknown name, unreadable file, or a field that is not accepted.
    """
    if looks_like_path(name):
        return _read(own_path(name))
    return _read(resolve("node", name, ".toml", _aliases, where))


def known_names() -> set[str]:
    """The names and aliases of all nodes."""
    return {*names(), *_aliases()}


def all_nodes() -> list[Node]:
    """Every node of the catalogue, sorted by name."""
    return [_read(path) for path in entries("node", ".toml").values()]


def nodes_of(chip: str) -> list[Node]:
    """The nodes that hold a chip, smallest first.

    Raises:
        InputError: no such chip.
    """
    chip_id = catalogue.chip(chip).id
    return sorted((item for item in all_nodes() if item.chip == chip_id), key=lambda item: (item.chips, item.id))


def _aliases() -> dict[str, str]:
    return {alias: path.stem for path in entries("node", ".toml").values() for alias in _read(path).aliases}


def _read(path: Path) -> Node:
    try:
        stamp = path.stat().st_mtime_ns
    except OSError:
        stamp = 0
    found = _read_cached(path, stamp)
    if looks_like_path(found.chip):
        return found
    return replace(found, chip=catalogue.chip(found.chip, f"{path}: chip").id)


@cache
def _read_cached(path: Path, _stamp: int) -> Node:
    found = check(_ADAPTER, {"id": path.stem, **read_toml(path)}, str(path))
    if found.torus is not None and math.prod(found.torus) != found.chips:
        accepted = f"sides whose product is the number of chips, {found.chips}"
        raise InputError(str(path), shown(list(found.torus)), accepted, "torus")
    return found
