"""Joules and seconds of the kernels behind rows of measured power, from the shapes alone.

idea:    rows of power say which family of operators ran; it is lowered as that family's own rows are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interlock.cost import Chips, energy_parts, operator_time
from interlock.cost.chips import by_format
from interlock.evidence.measurement import Measurements
from interlock.validation.operators.pricing import by_chip, lowering

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelWork:
    """Of each row: joules of arithmetic and of memory with its caches, seconds of each bound and of the whole; FLOP."""

    arithmetic_j: Floats
    memory_j: Floats
    compute_s: Floats
    memory_s: Floats
    launch_s: Floats
    seconds: Floats
    flop: Floats
    bytes: Floats


def kernel_work(measurements: Measurements) -> KernelWork:
    """The work of each row; nan where the chip is not in the catalogue."""
    names = KernelWork.__slots__
    found: dict[str, Floats] = {name: np.full(len(measurements), np.nan) for name in names}
    for rows, part, one in by_chip(measurements):
        for lowered in lowering(part)(part, Chips.of(one)):
            total: dict[str, Any] = {name: np.zeros(len(lowered.rows)) for name in names}
            for o in lowered.operators:
                time = operator_time(o, lowered.chips)
                parts = energy_parts(o, time, lowered.chips)
                each = {
                    "arithmetic_j": parts.arithmetic,
                    "memory_j": parts.memory + parts.cache,
                    "compute_s": o.flop / by_format(np.asarray(lowered.chips.peak), o.compute),
                    "memory_s": time.memory,
                    "launch_s": time.launch,
                    "seconds": time.time,
                    "flop": o.flop,
                    "bytes": time.off_chip_bytes,
                }
                for name, value in each.items():
                    total[name] = total[name] + value * o.count
            for name, column in total.items():
                found[name][rows[lowered.rows]] = column
    return KernelWork(**found)
