"""What first principles miss of GPU kernels, by kind of operator: the file `data/cost/bands.toml`, made anew.

idea:    measured = offset + slope x predicted, fitted to the median of the absolute logarithm, then the 5 % and 95 %
         quantiles of what is left, by how long a kernel takes. A set weighs by the square root of its rows, so that
         the largest table does not speak for all.
keeps:   two numbers a family; a band always holds the prediction itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interlock.cost.bands import CLASSES_S, FAMILIES
from interlock.evidence.measurement import Measurements
from interlock.validation.predictor import first_principles

Floats = NDArray[np.float64]
SHARE: Final = 0.9
_OFFSETS_S: Final = np.arange(0.0, 12.01, 0.25) * 1e-6
_SLOPES: Final = np.arange(0.8, 2.51, 0.05)
_PASSES: Final = frozenset({"aiconfigurator"})  # timed in a replayed graph, as engines run their passes over rows
_HEAD: Final = """\
# What first principles miss of kernels on GPUs, by family: measured = offset + slope x predicted, and the ends of the
# band that holds 90 % of measured over that, for short (under 10 us), middle and long (over 100 us) kernels.
# Made by `interlock.validation.bands.bands_text`.

"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """Of one family: seconds and ratio of the line, ends of the band by size class."""

    offset_s: float
    slope: float
    low: tuple[float, ...]
    high: tuple[float, ...]


def missed(measurements: Iterable[Measurements]) -> dict[str, Missed]:
    """Lines and bands of all families, from all rows of the sets."""
    found: dict[str, dict[str, list[tuple[Floats, Floats]]]] = {family: {} for family in FAMILIES}
    predictor = first_principles()
    for each in measurements:
        part = each
        if part.family in FAMILIES and (part.family != "elementwise" or part.set_name in _PASSES):
            part = part.where(_served(part))
            guess, seconds = predictor(part), np.asarray(part["seconds"], dtype=float)
            known = np.isfinite(guess) & (guess > 0)
            found[part.family].setdefault(part.set_name, []).append((guess[known], seconds[known]))
    return {family: _fitted(sets) for family, sets in found.items() if sets}


def _served(part: Measurements) -> NDArray[np.bool_]:
    """Rows of kernels as a served model runs them: not the search for scales, not quantisers made of many passes."""
    if part.family != "elementwise" or "implementation" not in part.columns:
        return np.ones(len(part), dtype=bool)
    return np.asarray(part["implementation"] == "static_scaled_fp8_quant")


def bands_text(measurements: Iterable[Measurements]) -> str:
    """The file's text."""
    parts = list(measurements)
    sets = ", ".join(sorted({part.set_name for part in parts if part.family in FAMILIES}))
    lines = [_HEAD]
    for family, one in missed(parts).items():
        lines.append(
            f'["{family}"]\noffset = "{one.offset_s * 1e6:g} us"\nslope = {one.slope:g}\n'
            f"low = {list(one.low)}\nhigh = {list(one.high)}\n\n"
        )
    lines.append("[sources]\n")
    lines += [
        f'"{family}" = {{ kind = "calibrated", ref = "lines and quantiles over the sets {sets}" }}\n'
        for family in FAMILIES
    ]
    return "".join(lines)


def _fitted(sets: dict[str, list[tuple[Floats, Floats]]]) -> Missed:
    guess = np.concatenate([g for each in sets.values() for g, _ in each])
    seconds = np.concatenate([s for each in sets.values() for _, s in each])
    sizes = [sum(len(g) for g, _ in each) for each in sets.values()]
    weights = np.concatenate([np.full(size, size**-0.5) for size in sizes])
    order = np.argsort(guess, kind="stable")
    some = order[:: max(len(order) // 20_000, 1)]  # the line needs no more
    logs, share = np.log(seconds[some]), weights[some] / weights[some].sum()
    misses = [
        (float(share @ np.abs(logs - np.log(offset + slope * guess[some]))), offset, slope)
        for offset in _OFFSETS_S
        for slope in _SLOPES
    ]
    _, offset, slope = min(misses)
    line = offset + slope * guess
    place = np.digitize(line, CLASSES_S)
    ends = [_ends(np.log(seconds / line), weights, place == size) for size in range(len(CLASSES_S) + 1)]
    return Missed(
        offset_s=round(float(offset), 9),
        slope=round(float(slope), 3),
        low=tuple(low for low, _ in ends),
        high=tuple(high for _, high in ends),
    )


def _ends(logs: Floats, weights: Floats, here: NDArray[np.bool_]) -> tuple[float, float]:
    """Quantiles among the rows of a size class; among all rows where it has few."""
    if np.count_nonzero(here) < 30:
        here = np.ones(len(logs), dtype=bool)
    order = np.argsort(logs[here])
    share = np.cumsum(weights[here][order]) / weights[here].sum()
    low, high = np.interp([(1 - SHARE) / 2, (1 + SHARE) / 2], share, logs[here][order])
    return round(float(min(np.exp(low), 1.0)), 3), round(float(max(np.exp(high), 1.0)), 3)
