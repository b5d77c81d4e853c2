"""Bit Fusion: a product of wide integers composed of products of 2-bit bricks, shifted and added.

symbols: a = sum of a_i 4^i, digits 0 to 3, the top one of a signed number -2 to 1; a b = sum over i, j of a_i b_j
         4^(i + j).
keeps:   a brick multiplies two digits of 3 bits, sign included; a fusion unit has 16 of them, so that it forms one
         product of 8 by 8 bits, four of 4 by 4 or 8 by 2, sixteen of 2 by 2, in a cycle.
source:  Sharma et al. 2018, Bit Fusion, section III (bit-level composition, figures 4 and 5).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from interlock.errors import InputError

UNIT: Final = 16  # bricks of a fusion unit
Integers = NDArray[np.int64]


def bricks(values: Integers, bits: int, *, signed: bool = True) -> Integers:
    """The digits of integers, lowest first, along a new first axis.

    Raises:
        InputError: a width that is not 2, 4, 8 or 16, or values that it cannot hold.
    """
    if bits not in (2, 4, 8, 16):
        raise InputError("bits", str(bits), "2, 4, 8 or 16")
    whole = np.asarray(values, dtype=np.int64)
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    if whole.size and not low <= whole.min() <= whole.max() <= high:
        raise InputError("values", f"{whole.min()} to {whole.max()}", f"integers from {low} to {high}")
    digits = [(whole >> shift) & 3 for shift in range(0, bits - 2, 2)]
    top = whole >> (bits - 2)  # an arithmetic shift keeps the sign
    return np.stack([*digits, top if signed else top & 3])


def composed_product(a: Integers, b: Integers, a_bits: int, b_bits: int, *, signed: bool = True) -> Integers:
    """Products of integers from nothing but products of digits, shifts and sums."""
    left, right = bricks(a, a_bits, signed=signed), bricks(b, b_bits, signed=signed)
    total = np.zeros(np.broadcast(a, b).shape, dtype=np.int64)
    for i, digit in enumerate(left):
        for j, other in enumerate(right):
            total = total + ((digit * other) << np.int64(2 * (i + j)))
    return total


def composed_dot(a: Integers, b: Integers, a_bits: int, b_bits: int) -> Integers:
    """A matrix product as brick planes: one product of digit matrices for each pair of digits."""
    left, right = bricks(a, a_bits), bricks(b, b_bits)
    return np.asarray(sum((digit @ other) << np.int64(2 * (i + j))
                          for i, digit in enumerate(left) for j, other in enumerate(right)))  # fmt: skip


def products_a_cycle(a_bits: int, b_bits: int) -> int:
    """Products that a fusion unit of 16 bricks forms in a cycle; 16-bit operands take several cycles and are 0 here."""
    return UNIT // ((a_bits // 2) * (b_bits // 2))
