"""A distribution as its quantiles: sampling by inversion, and how far two samples are apart.

idea: between two quantiles of a length the logarithm is linear, so that long tails stay long.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
LEVELS = (0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85,
          0.9, 0.95, 0.98, 0.99, 0.993, 0.996, 0.998, 0.999, 0.9995, 1)  # fmt: skip


def quantiles(sample: ArrayLike, levels: Sequence[float] = LEVELS) -> list[float]:
    """The quantiles of a sample, as it takes them on."""
    return [float(value) for value in np.quantile(np.asarray(sample, dtype=float), levels, method="inverted_cdf")]


def invert(at: Floats, values: Sequence[float], levels: Sequence[float] = LEVELS) -> NDArray[np.int64]:
    """Whole numbers of 1 or more at given levels of the distribution."""
    logs = np.log(np.maximum(np.asarray(values, dtype=float), 1.0))
    found: NDArray[np.int64] = np.maximum(np.rint(np.exp(np.interp(at, levels, logs))), 1).astype(np.int64)
    return found


def distance(one: ArrayLike, other: ArrayLike) -> float:
    """Kolmogorov-Smirnov: the most by which two samples' shares below a value differ."""
    a, b = np.sort(np.asarray(one, dtype=float)), np.sort(np.asarray(other, dtype=float))
    both = np.concatenate([a, b])
    below = np.searchsorted(a, both, side="right") / a.size - np.searchsorted(b, both, side="right") / b.size
    return float(np.max(np.abs(below)))
