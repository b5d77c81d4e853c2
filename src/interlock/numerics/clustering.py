"""Weighted k-means of numbers on a line: the few levels that stand for many values at the least squared error.

symbols: x values, w weights from 0; levels c_1 < ... < c_k; error = sum over x of w min_j (x - c_j)^2.
idea:    on the sorted values a cluster is a stretch, so a round of Lloyd's is a search for the middles between levels
         and differences of running sums. Starts: the means of stretches of equal count, of equal weight, and of equal
         width; the best end of the three is kept.
keeps:   the error never rises from round to round; a level without values stays where it was.
source:  Lloyd 1982, Least squares quantization in PCM; Han et al. 2016, Deep Compression, section 3 (linear start).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from interlock.errors import InputError

_ROUNDS: Final = 100
Wide = NDArray[np.float64]


def levels_of(values: ArrayLike, count: int, weights: ArrayLike | None = None) -> Wide:
    """So many ascending levels for the values.

    Raises:
        InputError: no values, or no levels asked for.
    """
    flat = np.asarray(values, dtype=np.float64).reshape(-1)
    if not flat.size or count < 1:
        raise InputError("levels", f"{count} levels for {flat.size} values", "at least one of each")
    order = np.argsort(flat, kind="stable")
    x = flat[order]
    w = np.ones_like(x) if weights is None else np.asarray(weights, dtype=np.float64).reshape(-1)[order]
    if not w.sum() > 0:
        w = np.ones_like(x)
    sums = _running(w), _running(w * x)
    heavy = np.searchsorted(sums[0], np.linspace(0, sums[0][-1], count + 1)[1:-1])
    even = np.arange(1, count) * len(x) // count
    wide = np.searchsorted(x, np.linspace(x[0], x[-1], count + 1)[1:-1])
    ends = [_settled(x, sums, np.concatenate([[0], inner, [len(x)]]), count) for inner in (even, heavy, wide)]
    return min(ends, key=lambda found: weighted_error(x, found, w))


def nearest_level(values: ArrayLike, levels: Wide) -> NDArray[np.int64]:
    """The place of the nearest level of each value; in the middle, the lower one."""
    return np.searchsorted((levels[1:] + levels[:-1]) / 2, np.asarray(values))


def weighted_error(values: ArrayLike, levels: Wide, weights: ArrayLike | None = None) -> float:
    """The error of levels."""
    x = np.asarray(values, dtype=np.float64).reshape(-1)
    squared = np.square(x - levels[nearest_level(x, levels)])
    return float(squared.sum() if weights is None else squared @ np.asarray(weights, dtype=np.float64).reshape(-1))


def _running(values: Wide) -> Wide:
    return np.concatenate([[0.0], np.cumsum(values)])


def _settled(x: Wide, sums: tuple[Wide, Wide], edges: NDArray[np.int64], count: int) -> Wide:
    """Rounds until nothing moves."""
    found = _means(sums, edges, np.linspace(x[0], x[-1], count))
    for _ in range(_ROUNDS):
        edges = np.concatenate([[0], np.searchsorted(x, (found[1:] + found[:-1]) / 2, side="right"), [len(x)]])
        moved = _means(sums, edges, found)
        if np.array_equal(moved, found):
            break
        found = moved
    return found


def _means(sums: tuple[Wide, Wide], edges: NDArray[np.int64], stays: Wide) -> Wide:
    weight, total = (np.diff(each[edges]) for each in sums)
    return np.sort(np.where(weight > 0, total / np.where(weight > 0, weight, 1.0), stays))
