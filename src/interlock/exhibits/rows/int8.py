"""INT8: products of integers are exact, and what a zero point changes."""

import numpy as np

from interlock.exhibits.base import Reproduction, below, claim, exactly, reproduction
from interlock.exhibits.codec import mean_square
from interlock.exhibits.mobile import size_gb

CLAIM = claim("1 byte a parameter", "the mobile slides, model size; the survey, IV-C.1")


def run() -> Reproduction:
    """A product with 32-bit accumulation against exact arithmetic, and errors on values with and without an offset."""
    rng = np.random.default_rng(0)
    a, b = rng.integers(-128, 128, (32, 2048), dtype=np.int8), rng.integers(-128, 128, (2048, 32), dtype=np.int8)
    exact = a.astype(np.int64) @ b.astype(np.int64)
    narrow = a.astype(np.int32) @ b.astype(np.int32)
    x = rng.standard_normal(2**16)

    def symmetric(values: np.ndarray) -> float:
        scale = np.abs(values).max() / 127
        return mean_square(values, np.round(values / scale) * scale)

    def asymmetric(values: np.ndarray) -> float:
        scale = (values.max() - values.min()) / 255
        return mean_square(values, np.round((values - values.min()) / scale) * scale + values.min())

    shifted = np.maximum(x, 0)  # as after a ReLU: half of a symmetric range would be empty
    return reproduction(
        exactly("wrong elements, 32-bit accumulation over 2048 products", 0, int((narrow != exact).sum())),
        exactly("70 billion parameters", 70, size_gb(70, "int8"), "GB"),
        below("error without offset, symmetric over asymmetric", 1.3, symmetric(x) / asymmetric(x)),
        below("error of one-sided values, asymmetric over symmetric", 0.27, asymmetric(shifted) / symmetric(shifted)),
    )
