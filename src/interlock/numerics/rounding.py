"""Rounding to whole numbers: to nearest with ties to even, by lot, toward zero, or down.

keeps: a whole number stays what it is under every rule; NaN stays NaN. Stochastic rounding goes up with odds equal to
       the distance from below, to within the 2^-24 (2^-53) steps of the random numbers.
source: Gupta et al. 2015, section 3 (stochastic rounding).
"""

from __future__ import annotations

from typing import Final, Literal, get_args

import numpy as np

from interlock.errors import InputError
from interlock.numerics.arrays import Floats

Rounding = Literal["nearest", "stochastic", "zero", "down"]
ROUNDINGS: Final[tuple[str, ...]] = get_args(Rounding)


def shortened(x: Floats, dropped: int) -> Floats:
    """FP32 numbers without so many of their lowest mantissa bits, to nearest even; NaN and infinity stay.

    The carry of the bits does the rest: into the exponent, out of the subnormal numbers, and to infinity.
    """
    raw = np.ascontiguousarray(x, dtype=np.float32).view(np.uint32)
    half, last = np.uint32(2 ** (dropped - 1) - 1), (raw >> np.uint32(dropped)) & np.uint32(1)
    rounded = ((raw + half + last) >> np.uint32(dropped)) << np.uint32(dropped)
    return np.where(np.isfinite(x), rounded.view(np.float32).reshape(x.shape), x)


def checked_rounding(name: str, where: str = "rounding") -> Rounding:
    """The rule of that name.

    Raises:
        InputError: no such rule.
    """
    for known in get_args(Rounding):
        if name == known:
            return known  # type: ignore[no-any-return]
    raise InputError(where, repr(name), f"one of {', '.join(ROUNDINGS)}")


def round_whole(x: Floats, rounding: Rounding = "nearest", rng: np.random.Generator | None = None) -> Floats:
    """Whole numbers in the type of `x`; stochastic rounding draws one random number an element from `rng`."""
    if rounding == "nearest":
        return np.rint(x)
    if rounding == "zero":
        return np.trunc(x)
    low = np.floor(x)
    if rounding == "down":
        return low
    draws = (rng or np.random.default_rng(0)).random(x.shape, dtype=x.dtype)
    with np.errstate(invalid="ignore"):  # infinity stays what it is
        up = draws < x - low
    return low + up
