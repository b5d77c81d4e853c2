"""Bands and errors of rows that trained nothing.

source: split conformal prediction: Papadopoulos et al. 2002; Lei et al. 2018.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from interlock.cost.calibrated.coefficients import SIZES_S, Band, Key

_OUTSIDE: Final = 0.05  # at either end
ENOUGH: Final = 40  # rows for a band of one's own


def band(residuals: Any, predicted: Any, every: Any) -> Band:
    """The ends by size class; the set's where a class has few rows, those of all sets where the set has few."""
    whole = residuals if len(residuals) >= ENOUGH else every
    size = np.digitize(predicted, SIZES_S)
    classes = [residuals[size == place] for place in range(len(SIZES_S) + 1)]
    return tuple(_ends(part if len(part) >= ENOUGH else whole) for part in classes)


def unseen_band(residuals: Mapping[Key, Any]) -> tuple[float, float]:
    """Ends for chips that were not measured; every set that was left out weighs the same."""
    if not residuals:
        return (float(np.log(0.5)), float(np.log(2.0)))  # nothing was left out: a factor of two, stated not measured
    points = np.linspace(0.001, 0.999, 999)
    return _ends(np.concatenate([np.quantile(part, points) for part in residuals.values()]))


def errors(predicted: Any, seconds: Any, ends: Band) -> dict[str, float]:
    """Rows, mean and median absolute error and bias in percent, and the share inside the band."""
    ratio = predicted / seconds - 1.0
    places = np.digitize(predicted, SIZES_S)
    low, high = np.array(ends).T
    log = np.log(seconds / predicted)
    inside = (log >= low[places]) & (log <= high[places])
    return {
        "rows": len(seconds),
        "mape": float(100.0 * np.mean(np.abs(ratio))),
        "median": float(100.0 * np.median(np.abs(ratio))),
        "bias": float(100.0 * np.mean(ratio)),
        "inside": float(100.0 * np.mean(inside)),
    }


def _ends(residuals: Any) -> tuple[float, float]:
    margin = 0.5 / max(len(residuals), 1)
    low, high = np.quantile(residuals, [max(_OUTSIDE - margin, 0.0), min(1.0 - _OUTSIDE + margin, 1.0)])
    return float(low), float(high)
