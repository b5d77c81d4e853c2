"""Bit Fusion: any product of integers from 2-bit bricks, and units that do more products the narrower they are."""

import numpy as np

from interlock.exhibits.base import Reproduction, claim, exactly, reproduction
from interlock.numerics.bitfusion import bricks, composed_dot, composed_product, products_a_cycle

CLAIM = claim("3.9 times the speed and 5.1 times the energy efficiency of Eyeriss", "Sharma et al. 2018, Bit Fusion")
MISSING = "the gain over Eyeriss, which needs both accelerators' dataflows"


def cycles(rows: int, inner: int, columns: int, bits: int, units: int = 512) -> int:
    """Cycles of a product of matrices on so many fusion units, all of them busy but for the last turn."""
    return -(-rows * inner * columns // (units * products_a_cycle(bits, bits)))


def run() -> Reproduction:
    """Every product of 4 bits, random ones of 2 to 16, whole matrices, and how throughput scales."""
    four = np.arange(-8, 8)
    a, b = np.meshgrid(four, four)
    rng, same = np.random.default_rng(0), 0
    for left, right in ((8, 8), (8, 2), (2, 8), (16, 4), (16, 16)):
        x = rng.integers(-(2 ** (left - 1)), 2 ** (left - 1), 20_000)
        y = rng.integers(-(2 ** (right - 1)), 2 ** (right - 1), 20_000)
        same += int((composed_product(x, y, left, right) == x * y).sum())
    m, n = rng.integers(-128, 128, (32, 256)), rng.integers(-8, 8, (256, 32))
    wide = cycles(512, 512, 512, 8)
    return reproduction(
        exactly(
            "products of two 4-bit integers that their bricks give",
            256,
            int((composed_product(a, b, 4, 4) == a * b).sum()),
        ),
        exactly("of 100,000 products of 2 to 16 bits", 100_000, same),
        exactly(
            "elements of a product of matrices, 8 by 4 bits", 32 * 32, int((composed_dot(m, n, 8, 4) == m @ n).sum())
        ),
        exactly("bricks of an 8-bit integer", 4, len(bricks(m, 8))),
        *(
            exactly(f"speed at {bits} bits over 8 bits", (8 / bits) ** 2, wide / cycles(512, 512, 512, bits))
            for bits in (4, 2)
        ),
        exactly("and 8 by 2 bits, products a cycle of a unit", 4, products_a_cycle(8, 2)),
    )
