"""A what-if chip of this machine: peaks, bandwidth, shares and latency from one half of what was measured.

idea:    peaks are the best rates of any row. The shares of them that products, passes and reads reach, the latency of a
         call, and the granule that narrow products are padded to, are those at which the first-principles formulas miss
         the rows by the least (mean absolute logarithm, at most 1 a row): for each granule, the others one after the
         other over a grid, until none improves. A library that packs operands for its kernel makes two rows as dear as
         a whole granule.
keeps:   the other half of the rows chooses nothing. What the operating system does not say is left out or, where a
         chip must say it, assumed and named so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from interlock.cost import Chips
from interlock.evidence.measurement import Measurements
from interlock.evidence.source import Evidence, Source
from interlock.hardware import Chip, Engine, Memory
from interlock.hardware.chip import Achieved
from interlock.measure.engine import ELEMENT_BYTES
from interlock.measure.machine import Machine
from interlock.measure.prediction import moved_bytes, predicted
from interlock.measure.run import CHIP, Measured

_BEYOND: Final = 2.0  # times the last cache: what a rate of memory may be read from
_ROUNDS: Final = 3
_SHARES: Final = tuple(np.round(np.geomspace(0.15, 1.0, 16), 4).tolist())
_LATENCIES: Final = tuple(np.geomspace(0.7, 3.0, 10).tolist())  # times the least of a tiny call
_GRANULES: Final = tuple(
    (m, n, 1) for m, n in ((1, 1), (2, 1), (4, 1), (8, 1), (16, 1), (4, 8), (8, 8), (8, 16), (16, 16))
)
FEW: Final = (2.0, 32.0)  # rows: from, and below
_SLOWER: Final = 1.1
_BLOCK: Final = (64, 64)
_UNKNOWN_MEMORY: Final = 8e9
_UNKNOWN_CLOCK: Final = 2e9
_CATEGORIES: Final = (("epyc", "server-cpu"), ("xeon", "server-cpu"), ("neoverse", "server-cpu"))


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineChip:
    """The chip, and which rows of products and passes made it; the others may judge it."""

    chip: Chip
    made_of: tuple[NDArray[np.bool_], ...]


def machine_chip(measured: Measured, seed: int = 0) -> MachineChip:
    """A chip from every other row, in an order drawn by the seed; what peaks and decoding stand on is among them."""
    halves = tuple(_half(len(part), seed) | _anchors(part) for part in measured.parts)
    parts = tuple(part.where(half) for part, half in zip(measured.parts, halves, strict=True))
    first = _chip(measured, parts)
    return MachineChip(chip=_tuned(first, parts), made_of=halves)


def _half(count: int, seed: int) -> NDArray[np.bool_]:
    return np.asarray(np.random.default_rng(seed).permutation(count) % 2 == 0)


def _anchors(part: Measurements) -> NDArray[np.bool_]:
    """By format, one row against the largest matrix, which decoding is made of, and the product with the most work."""
    if part.family != "gemm":
        return np.zeros(len(part), dtype=bool)
    work = part["m"] * part["n"] * part["k"]
    return _largest(part, np.where(part["m"] == 1.0, work, 0.0)) | _largest(part, work)


def _largest(part: Measurements, size: NDArray[np.float64]) -> NDArray[np.bool_]:
    """The row of each format at which something is largest."""
    names = np.asarray(part["weight_format"]).astype(str)
    most = {name: float(np.max(size[names == name])) for name in np.unique(names)}
    return np.asarray((size > 0.0) & (size == [most[name] for name in names]))


def _chip(measured: Measured, parts: tuple[Measurements, ...]) -> Chip:
    here, products, passes = measured.machine, parts[0], parts[1]
    source = Source(kind=Evidence.MEASURED_HERE, ref=products.source.ref)
    system = Source(kind=Evidence.MEASURED_HERE, ref=f"what {here.system} says of the machine")
    assumed = Source(kind=Evidence.ASSUMED, ref="not said by the operating system; times do not depend on it")
    year = int(products.source.ref[-10:-6])
    threads = int(measured.about["threads"])
    caches = {
        level: Memory(role="cache", technology=f"L{level}", capacity=size) for level, size in here.caches_bytes.items()
    }
    memories: dict[Any, Memory] = {}
    for name, level in (("l1", 1), ("l2", 2), ("llc", max(caches, default=0))):
        if level in caches and not (name == "llc" and level < 3):
            memories[name] = caches[level]
    bandwidth = _best_bandwidth(here, parts)
    memories["main"] = Memory(
        role="main", technology="system memory", capacity=here.memory_bytes or _UNKNOWN_MEMORY, bandwidth=bandwidth
    )
    peaks: Any = _peaks(products)
    vector: Any = {"fp32": float(np.max(passes["rows"] * passes["width"] / passes.measured))}
    return Chip(
        id=CHIP,
        name=f"{here.name}, {threads} of {here.cores} cores, {measured.about['library']}",
        vendor=here.vendor,
        year=year,
        category=_category(here),  # type: ignore[arg-type]
        engines={
            "matrix": Engine(
                peaks=peaks, cores=threads, core_name="CPU core", clock=here.clock_hz or _UNKNOWN_CLOCK,
                note=str(measured.about["blas"]),
            ),
            "vector": Engine(peaks=vector, cores=threads, core_name="CPU core"),
        },
        memories=memories,
        sources={
            "year": Source(kind=Evidence.MEASURED_HERE, ref="the year of the measurement"),
            "engines": source,
            "engines.matrix.clock": system if here.clock_hz else assumed,
            "memories": system,
            "memories.main.bandwidth": source,
            "memories.main.capacity": system if here.memory_bytes else assumed,
            "achieved": source,
        },
        achieved=Achieved(matrix=1.0, vector=1.0, bandwidth=1.0, launch=_latency(parts)),
        confidence="high" if here.memory_bytes and here.caches_bytes else "medium",
        note="Made by `interlock measure`: peaks are the best rates seen, shares suit half of the rows.",
    )  # fmt: skip


def _peaks(products: Measurements) -> dict[str, float]:
    """The best rate of any product, by format; a narrow format that is slower than a wide one is as measured."""
    rate = 2.0 * products["m"] * products["n"] * products["k"] / products.measured
    names = np.asarray(products["weight_format"]).astype(str)
    return {str(name): float(np.max(rate[names == name])) for name in np.unique(names)}


def _best_bandwidth(here: Machine, parts: tuple[Measurements, ...]) -> float:
    """The best rate at which rows that no cache holds went through; of any row, where none is that large."""
    moved = np.concatenate([moved_bytes(part) for part in parts])
    weights = np.concatenate([_cold_bytes(part) for part in parts])
    rate = weights / np.concatenate([part.measured for part in parts])
    large = moved > _BEYOND * (here.last_cache_bytes or 0.0)
    sound = large if large.any() else moved >= np.max(moved) / 4.0
    return float(np.max(rate[sound]))


def _cold_bytes(part: Measurements) -> Any:
    """What came from memory: weights of a product, all of a pass."""
    if part.family != "gemm":
        return moved_bytes(part)
    width = np.array([ELEMENT_BYTES[str(name)] for name in part["weight_format"]])
    return part["n"] * part["k"] * width


def _latency(parts: Iterable[Measurements]) -> float:
    """The least time of any call."""
    return float(min(part.measured.min() for part in parts))


def _tuned(chip: Chip, parts: tuple[Measurements, ...]) -> Chip:
    """The shares and latency at which the formulas miss the rows by the least."""
    least = chip.achieved.launch or 0.0
    grids: Mapping[str, tuple[float, ...]] = {
        "launch": tuple(least * times for times in _LATENCIES),
        "matrix": _SHARES,
        "bandwidth": _SHARES,
        "vector": _SHARES,
    }
    tuned = [_climbed(_with(chip, "granule", granule), parts, grids) for granule in _allowed(chip, parts[0])]
    return min(tuned, key=lambda one: _miss(one, parts))


def _allowed(chip: Chip, products: Measurements) -> list[tuple[int, int, int]]:
    """Granules at which one row against the largest matrix is not slower than it was measured."""
    single = np.where(products["m"] == 1.0, products["n"] * products["k"], 0.0)
    some = products.where(_largest(products, single))
    peaks = np.array([chip.peak(str(name)) for name in some["weight_format"]])
    least = float(np.min(some.measured * peaks / (2.0 * some["n"] * some["k"])))
    return [granule for granule in _GRANULES if granule[0] <= max(least * _SLOWER, 1.0)]


def _climbed(chip: Chip, parts: tuple[Measurements, ...], grids: Mapping[str, tuple[float, ...]]) -> Chip:
    best, miss = chip, _miss(chip, parts)
    for _ in range(_ROUNDS):
        before = miss
        for name, values in grids.items():
            for value in values:
                one = _with(best, name, value)
                if (now := _miss(one, parts)) < miss:
                    best, miss = one, now
        if miss >= before:
            break
    return best


def _with(chip: Chip, name: str, value: Any) -> Chip:
    if name != "granule":
        return replace(chip, achieved=replace(chip.achieved, **{name: value}))
    matrix = replace(chip.engines["matrix"], granule=value, block=_BLOCK)
    return replace(chip, engines={**chip.engines, "matrix": matrix})


def _miss(chip: Chip, parts: Iterable[Measurements]) -> float:
    """One row, a few, many, and passes weigh the same, however many of each were drawn."""
    chips = Chips.of(chip)
    found: list[float] = []
    for part in parts:
        logs = np.minimum(np.abs(np.log(predicted(part, chips) / part.measured)), 1.0)
        kinds = np.digitize(part["m"], FEW) if part.family == "gemm" else np.zeros(len(part), dtype=int)
        found += [float(np.mean(logs[kinds == kind])) for kind in np.unique(kinds)]
    return float(np.mean(found))


def _category(here: Machine) -> str:
    name = here.name.lower()
    return next((category for word, category in _CATEGORIES if word in name), "desktop")
