"""Errors of quantized tensors, as exhibits report them."""

from __future__ import annotations

import math

import numpy as np

from interlock.numerics.arrays import Floats


def mean_square_error(x: Floats, y: Floats) -> float:
    """Mean squared difference, summed in fp64."""
    return float(np.mean(np.square(x.astype(np.float64) - y)))


def relative_error(x: Floats, y: Floats) -> float:
    """Root of the mean squared difference over that of `x`."""
    power = float(np.mean(np.square(x, dtype=np.float64)))
    return math.sqrt(mean_square_error(x, y) / power) if power > 0 else 0.0
