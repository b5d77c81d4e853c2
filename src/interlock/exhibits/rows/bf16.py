"""BF16: FP32's upper half, rounded to nearest even."""

import numpy as np

from interlock.exhibits.base import Reproduction, claim, exactly, reproduction
from interlock.exhibits.mobile import size_gb
from interlock.numerics import number_format
from interlock.numerics.small_floats import FLOATS

CLAIM = claim("8 exponent and 7 mantissa bits, the range of FP32 in 2 bytes", "the survey, IV-C.1; the mobile slides")


def run() -> Reproduction:
    """Every code against the float whose upper half it is, and rounding against the carry of FP32's bits."""
    brain, codes = FLOATS["bf16"], np.arange(2**16)
    with np.errstate(invalid="ignore"):  # signalling codes
        values = (codes.astype(np.uint32) << 16).view(np.float32).astype(np.float64)
    decoded = brain.numbers(codes)
    same = (decoded == values) | (np.isnan(decoded) & np.isnan(values))
    x = (np.random.default_rng(0).standard_normal(200_000) * 1e3).astype(np.float32)
    raw = x.view(np.uint32)
    carried = (((raw + 0x7FFF + ((raw >> 16) & 1)) >> 16) << 16).view(np.float32)
    agree = (brain.cast(x.astype(np.float64)) == carried.astype(np.float64)).sum()
    return reproduction(
        exactly(
            "codes that are the upper half of a float",
            65_536,
            int(same.sum()),
            note="the tests compare every code and rounding with ml_dtypes, too",
        ),
        exactly("of 200,000 floats, those that round as the carry does", 200_000, int(agree)),
        exactly("bits stored", 16, number_format("bf16").bits),
        exactly("7 billion parameters", 14, size_gb(7, "fp16"), "GB"),
    )
