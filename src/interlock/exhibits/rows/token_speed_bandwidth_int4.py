"""Token speed at INT4 under the memory's bandwidth: twice the INT8 curves."""

from interlock.exhibits.base import Reproduction, claim, exactly, reproduction, within
from interlock.exhibits.mobile import SIZES, UTILISATIONS, token_rate

CLAIM = claim("LPDDR5T-9600, 76.8 GB/s at 100, 65 and 33 % utilisation", "the mobile slides, token speed INT4")
MISSING = "a measured small model whose speed doubles from INT8 to INT4 on a CPU"

CURVES = ((2.19, 1.43, 0.72), (11.82, 7.68, 3.90), (21.94, 14.26, 7.24), (47.26, 30.72, 15.60), (85.33, 55.47, 28.16))


def run() -> Reproduction:
    """15 points, and the ratio to INT8."""
    figures = [
        within(f"{size:g} billion at {share:.0%}", rate, token_rate(size, "int4", share), 0.006, "token/s")
        for size, rates in zip(SIZES, CURVES, strict=True)
        for share, rate in zip(UTILISATIONS, rates, strict=True)
    ]
    ratios = {token_rate(size, "int4") / token_rate(size, "int8") for size in SIZES}
    return reproduction(*figures, exactly("INT4 over INT8, least", 2, min(ratios)), exactly("greatest", 2, max(ratios)))
