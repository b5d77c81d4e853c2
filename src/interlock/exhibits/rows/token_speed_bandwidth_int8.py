"""Token speed at INT8 under the memory's bandwidth: 15 points of three curves."""

from interlock.exhibits.base import Reproduction, claim, exactly, reproduction, within
from interlock.exhibits.mobile import SIZES, UTILISATIONS, pin_bandwidth, token_rate

CLAIM = claim("LPDDR5T-9600, 64 bit, 76.8 GB/s at 100, 65 and 33 % utilisation", "the mobile slides, token speed INT8")

CURVES = ((1.10, 0.71, 0.36), (5.91, 3.84, 1.95), (10.97, 7.13, 3.62), (23.63, 15.36, 7.80), (42.67, 27.73, 14.08))


def run() -> Reproduction:
    """Bandwidth over weight bytes for each size and utilisation."""
    figures = [
        within(f"{size:g} billion at {share:.0%}", rate, token_rate(size, "int8", share), 0.006, "token/s")
        for size, rates in zip(SIZES, CURVES, strict=True)
        for share, rate in zip(UTILISATIONS, rates, strict=True)
    ]
    return reproduction(exactly("9.6 Gbit/s x 64 / 8", 76.8, pin_bandwidth(9.6, 64), "GB/s"), *figures)
