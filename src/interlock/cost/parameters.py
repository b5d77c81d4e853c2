"""The parameters of the cost model: data with sources, never numbers in code."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from interlock.catalogue import DATA
from interlock.evidence import Evidence, Source
from interlock.files import read_toml
from interlock.hardware import Chip
from interlock.units import parse

_SHARES: Final = ("matrix", "attention", "vector", "bandwidth", "cache", "link", "usable_memory")
_TIMES: Final = ("launch", "link_latency", "network_latency")


@cache
def table(name: str) -> dict[str, Any]:
    """A file of `data/cost/`."""
    return read_toml(DATA / "cost" / f"{name}.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Achieved:
    """Shares of peaks and latencies of one chip, its own or its category's, and the sources they stand on."""

    matrix: float
    attention: float
    vector: float
    bandwidth: float
    cache: float
    link: float
    usable_memory: float
    launch: float
    link_latency: float
    network_latency: float
    sources: tuple[Source, ...]


def achieved(chip: Chip) -> Achieved:
    """What software reaches on a chip: its own file first, then its category, then the default."""
    data = table("achieved")
    own = {"matrix": chip.achieved.matrix, "vector": chip.achieved.vector, "bandwidth": chip.achieved.bandwidth,
           "link": chip.achieved.link, "launch": chip.achieved.launch,
           "usable_memory": chip.achieved.memory}  # fmt: skip
    values: dict[str, float] = {}
    sources: list[Source] = []
    for key in (*_SHARES, *_TIMES):
        unit = "s" if key in _TIMES else "ratio"
        mine = own.get(key)
        if mine is not None:
            values[key] = mine
            sources.append(chip.source_of(f"achieved.{key}") or Source(kind=Evidence.ASSUMED, ref=chip.id))
            continue
        section = chip.category if key in data.get(chip.category, {}) else "default"
        values[key] = parse(data[section][key], unit)
        sources.append(_source(data, section, key))
    return Achieved(**values, sources=tuple(sources))


def _source(data: dict[str, Any], *path: str) -> Source:
    found = data["sources"]
    for end in range(len(path), 0, -1):
        if (entry := found.get(".".join(path[:end]))) is not None:
            return Source(kind=Evidence(entry["kind"]), ref=entry["ref"])
    raise KeyError(path)


def mac_energy(compute_format: str, process: float) -> float:
    """Joules of one multiply-add in a matrix unit at a process node, instruction overhead included.

    Between 45 and 7 nm geometric interpolation; below 7 nm at most the published 0.8 (5 nm) and 0.6 (3 nm).
    """
    data = table("energy")
    new = parse(data["mac"]["7"][compute_format], "J")
    old_text = data["mac"]["45"].get(compute_format)
    old = parse(old_text, "J") if old_text else new * 3.0
    nanometres = process * 1e9
    if nanometres >= 7:
        position = min(math.log(nanometres / 7) / math.log(45 / 7), 1.5)
        energy = new * (old / new) ** position
    else:
        energy = new * (0.8 if nanometres >= 4 else 0.6)
    overhead: float = data["instruction_overhead"]
    return float(energy * overhead)


def memory_energy(technology: str) -> float | None:
    """Joules a bit of a memory technology, by the longest name that its description starts with or contains."""
    entries: dict[str, str] = table("energy")["bits"]["memory"]
    matches = [name for name in entries if name.lower() in technology.lower()]
    return parse(entries[max(matches, key=len)], "J/bit") if matches else None


def energy_sources(chip: Chip) -> list[Source]:
    """What the joules of an estimate on this chip stand on."""
    data = table("energy")
    return [_source(data, "static_share"), arithmetic_draw(chip).source, _source(data, "bits", "memory")]


def link_energy(link: str) -> float:
    """Joules a bit over a scale-up or scale-out link."""
    return parse(table("energy")["bits"]["link"][link], "J/bit")


def static_share() -> float:
    """Share of the board power that is drawn while busy, whatever is done."""
    return float(table("energy")["static_share"])


def cache_energy() -> float:
    """Joules a byte through the last cache."""
    return parse(table("energy")["bits"]["cache"]["l2"], "J/bit") * 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ArithmeticDraw:
    """Joules of a chip's arithmetic over the published ones, which leave out how operands come to it."""

    factor: float
    source: Source


def arithmetic_draw(chip: Chip) -> ArithmeticDraw:
    """As fitted to the measured power of the chip; 1 where none was measured."""
    data = table("power_fitted")
    own = data["chips"].get(chip.id)
    if own is None:
        return ArithmeticDraw(factor=1.0, source=_source(table("energy"), "mac", "7"))
    told = _source(data, "chips", chip.id)
    ref = f"{told.ref}; {own['rows']} rows, {own['mape']:.0f} % on {own['held_out']} others"
    return ArithmeticDraw(factor=float(own["arithmetic"]), source=Source(kind=told.kind, ref=ref))
