"""Choosing the scale of each group by trial: the one under which the group errs least, in the mean of squares."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from interlock.numerics.arrays import Floats
from interlock.numerics.blocks import CHUNK
from interlock.numerics.elements import Element

RATIOS: Final = tuple(np.linspace(0.35, 1.0, 27).tolist())
"""Shares of the largest magnitude that are tried; the last one clips nothing."""


def squared_errors(groups: Floats, factors: Floats, rounded: Callable[[Floats], Floats]) -> Floats:
    """The sum of squared errors of each group, in float64; `rounded` gives the numbers of scaled values."""
    errors = np.empty(len(groups))
    step = max(CHUNK // max(groups.shape[1], 1), 1)
    for start in range(0, len(groups), step):
        part = slice(start, start + step)
        up = factors[part, None]
        gap = rounded(groups[part] / up) * up - groups[part]
        errors[part] = np.einsum("ij,ij->i", gap, gap, dtype=np.float64)
    return errors


def best_factors(groups: Floats, start: Floats, rounded: Callable[[Floats], Floats],
                 ratios: tuple[float, ...] = RATIOS) -> tuple[Floats, Floats]:  # fmt: skip
    """For each group the best of `start` times a ratio, as an fp32 number, and its error; ties take the larger."""
    kind = groups.dtype
    best = np.full(len(groups), np.inf)
    chosen = np.ones(len(groups), dtype=kind)
    for ratio in sorted(ratios, reverse=True):
        wanted = (start * kind.type(ratio)).astype(np.float32).astype(kind)
        factors = np.where(wanted > 0, wanted, kind.type(1))
        errors = squared_errors(groups, factors, rounded)
        better = errors < best
        best, chosen = np.where(better, errors, best), np.where(better, factors, chosen)
    return chosen, best


def best_for(groups: Floats, element: Element, ratios: tuple[float, ...] = RATIOS) -> tuple[Floats, Floats]:
    """The best factors of an element, starting where the largest magnitude of a group meets its largest number."""
    largest = np.abs(groups).max(axis=1, initial=0)
    return best_factors(groups, largest / groups.dtype.type(element.largest), element.round, ratios)
