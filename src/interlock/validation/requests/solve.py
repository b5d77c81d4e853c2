"""Numbers above given least ones that make sums of columns closest to 1, rows unlike the rest hardly counting.

source:  iteratively reweighted least squares: Holland and Welsch 1977; the weights are those of least absolute errors,
         which fall for large errors as Cauchy's do.
"""

from __future__ import annotations

from itertools import chain, combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_ROUNDS: Final = 20
_SMALL: Final = 0.02  # errors below it count as squares
_LARGE: Final = 0.15  # errors beyond it hardly count


def solve(design: Floats, least: Floats) -> tuple[list[float], float]:
    """Numbers of at least `least` for which the sums of columns are closest to 1; the mean error."""
    weights = np.ones(len(design))
    found = least
    for _ in range(_ROUNDS):
        found = least + _nonnegative(design * weights[:, None], (1.0 - design @ least) * weights)
        errors = np.abs(design @ found - 1.0)
        weights = np.sqrt(1.0 / np.maximum(errors, _SMALL) / (1.0 + (errors / _LARGE) ** 2))
    return [float(value) for value in found], float(np.abs(design @ found - 1.0).mean())


def _nonnegative(design: Floats, target: Floats) -> Floats:
    """Least squares without negative numbers: the best of all choices of which are zero."""
    best, least = np.zeros(design.shape[1]), np.inf
    every = range(design.shape[1])
    for chosen in chain.from_iterable(combinations(every, size) for size in range(1, design.shape[1] + 1)):
        places = list(chosen)
        values = np.linalg.lstsq(design[:, places], target, rcond=None)[0]
        residual = float(np.sum((design[:, places] @ values - target) ** 2))
        if (values >= 0).all() and residual < least:
            best, least = np.zeros(design.shape[1]), residual
            best[places] = values
    return best
