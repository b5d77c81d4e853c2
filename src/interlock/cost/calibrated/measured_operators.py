"""Predictions and bands of measured attention, latent attention, experts and scans, by the family of measurements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from interlock.cost.calibrated import attention, experts, latent_attention, scan
from interlock.evidence.measurement import Measurements

Column = NDArray[np.float64]

PREDICTED: Final[dict[str, Callable[[Measurements], Column]]] = {
    "attention": attention.predict,
    "latent-attention": latent_attention.predict,
    "experts": experts.predict,
    "scan": scan.predict,
}
_BANDS: Final[dict[str, Callable[[Measurements], tuple[Column, Column]]]] = {
    "attention": attention.band,
    "latent-attention": latent_attention.band,
    "experts": experts.band,
    "scan": scan.band,
}


def operator_band(measurements: Measurements, _predicted: Any) -> tuple[Column, Column]:
    """The ends of a 90 % band of each row."""
    return _BANDS[measurements.family](measurements)
