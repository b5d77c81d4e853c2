"""FP16: all 65,536 codes against NumPy, both ways."""

import numpy as np

from interlock.exhibits.base import Reproduction, claim, exactly, reproduction
from interlock.exhibits.codec import FloatFormat
from interlock.exhibits.mobile import size_gb
from interlock.numerics import number_format

CLAIM = claim(
    "5 exponent and 10 mantissa bits; 70 billion parameters are 140 GB", "IEEE 754; the mobile slides, model size"
)


def run() -> Reproduction:
    """Decoding every code, rounding a million values, and the column of the size table."""
    half, codes = FloatFormat(exponent=5, mantissa=10), np.arange(2**16)
    values = codes.astype(np.uint16).view(np.float16).astype(np.float64)
    same = (half.decode(codes) == values) | (np.isnan(half.decode(codes)) & np.isnan(values))
    x = np.random.default_rng(0).standard_normal(1_000_000) * 2.0 ** np.random.default_rng(1).integers(
        -28, 18, 1_000_000
    )
    with np.errstate(over="ignore"):
        rounded = x.astype(np.float16).astype(np.float64)
    return reproduction(
        exactly("codes that decode as NumPy's", 65_536, int(same.sum())),
        exactly("of a million values, those that round as NumPy's", 1_000_000, int((half.round(x) == rounded).sum())),
        exactly("largest value", 65504, half.largest),
        exactly("bits stored", 16, number_format("fp16").bits),
        exactly("70 billion parameters", 140, size_gb(70, "fp16"), "GB"),
    )
