"""FP32: decoded from its bits, and a column of the size table."""

import numpy as np

from interlock.exhibits.base import Reproduction, claim, exactly, reproduction
from interlock.exhibits.codec import FloatFormat
from interlock.exhibits.facts import table
from interlock.exhibits.mobile import size_gb

CLAIM = claim("4 bytes a parameter; 70 billion are 280 GB", "IEEE 754; the mobile slides, model size")


def run() -> Reproduction:
    """A million random codes decode and round to themselves; the five cells of the column."""
    single = FloatFormat(exponent=8, mantissa=23)
    codes = np.random.default_rng(0).integers(0, 2**32, 1_000_000)
    with np.errstate(invalid="ignore"):  # signalling codes
        values = codes.astype(np.uint32).view(np.float32).astype(np.float64)
    decoded = single.decode(codes)
    finite = np.isfinite(values)
    same = (decoded == values) | (np.isnan(decoded) & np.isnan(values))
    rows = table("model_size_table")["rows"]
    return reproduction(
        exactly("of a million codes, those that decode as NumPy's", 1_000_000, int(same.sum())),
        exactly(
            "finite ones that round to themselves",
            int(finite.sum()),
            int((single.round(values[finite]) == values[finite]).sum()),
        ),
        *(
            exactly(f"{r['parameters']:g} billion parameters", r["printed"][0], size_gb(r["parameters"], "fp32"), "GB")
            for r in rows
        ),
    )
