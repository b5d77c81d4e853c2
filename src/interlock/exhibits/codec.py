"""Number formats bit by bit in NumPy: every code of a small float, rounding to the nearest, blocks of integers.

symbols: e exponent bits, m mantissa bits, bias; value = (-1)^s 2^(E - bias) (1 + M / 2^m), subnormal where E = 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class FloatFormat:
    """A sign, e exponent and m mantissa bits. `ieee`: the top exponent is infinity and not-a-number."""

    exponent: int
    mantissa: int
    ieee: bool = True

    @property
    def bits(self) -> int:
        """Bits of a code."""
        return 1 + self.exponent + self.mantissa

    @property
    def bias(self) -> int:
        """2^(e - 1) - 1."""
        return int(2 ** (self.exponent - 1) - 1)

    @property
    def largest(self) -> float:
        """The largest finite value."""
        top = 2**self.exponent - 1 - self.ieee
        return float(2.0 ** (top - self.bias) * (2 - 2.0**-self.mantissa))

    @property
    def epsilon(self) -> float:
        """The step after 1."""
        return float(2.0**-self.mantissa)

    def decode(self, codes: NDArray[np.int64]) -> Floats:
        """Values of codes."""
        fraction = codes & (2**self.mantissa - 1)
        power = (codes >> self.mantissa) & (2**self.exponent - 1)
        sign = np.where(codes >> (self.bits - 1), -1.0, 1.0)
        normal = 2.0 ** (power - self.bias) * (1 + fraction / 2.0**self.mantissa)
        small = 2.0 ** (1 - self.bias) * (fraction / 2.0**self.mantissa)
        value: Floats = sign * np.where(power == 0, small, normal)
        if not self.ieee:
            return value
        top = power == 2**self.exponent - 1
        return np.where(top, np.where(fraction == 0, sign * np.inf, np.nan), value)

    def round(self, x: Floats) -> Floats:
        """The nearest value, ties to the even code; beyond the largest it saturates, or overflows if `ieee`."""
        magnitude = np.abs(x)
        _, power = np.frexp(np.maximum(magnitude, 2.0 ** (1 - self.bias)))
        step = 2.0 ** (power - 1 - self.mantissa)
        rounded = np.round(magnitude / step) * step
        beyond = np.inf if self.ieee else self.largest
        return np.copysign(np.where(rounded > self.largest, beyond, rounded), x)


def nearest(x: Floats, levels: Floats) -> Floats:
    """The nearest of sorted levels."""
    place = np.clip(np.searchsorted(levels, x), 1, len(levels) - 1)
    left, right = levels[place - 1], levels[place]
    chosen: Floats = np.where(x - left <= right - x, left, right)
    return chosen


def blockwise(x: Floats, levels: Floats, block: int) -> Floats:
    """Blocks scaled so that their largest magnitude meets the outermost level, rounded, and scaled back."""
    rows = x.reshape(-1, block)
    scale = np.abs(rows).max(axis=1, keepdims=True) / np.abs(levels).max()
    scale = np.where(scale == 0, 1.0, scale)
    back: Floats = nearest(rows / scale, levels) * scale
    return back.reshape(x.shape)


def mean_square(x: Floats, y: Floats) -> float:
    """Mean squared difference."""
    return float(np.mean((x - y) ** 2))


def fp4_levels() -> Floats:
    """All values of E2M1, sorted."""
    levels: Floats = np.unique(FloatFormat(exponent=2, mantissa=1, ieee=False).decode(np.arange(16)))
    return levels


def integer_levels(bits: int) -> Floats:
    """Symmetric integers: -(2^(b-1) - 1) to 2^(b-1) - 1."""
    top = 2 ** (bits - 1) - 1
    return np.arange(-top, top + 1, dtype=float)


def normal_levels() -> Floats:
    """The 16 levels of NF4: quantiles of a normal distribution with an exact zero, scaled to 1.

    source: Dettmers et al. 2023, section 3 and appendix E; the offset is the mean of 1 - 1/30 and 1 - 1/32.
    """
    quantile, offset = NormalDist().inv_cdf, (1 - 1 / 30 + 1 - 1 / 32) / 2
    above = [quantile(p) for p in np.linspace(offset, 0.5, 9)[:-1]]
    below = [-quantile(p) for p in np.linspace(offset, 0.5, 8)[:-1]]
    levels = np.sort(np.array([*above, 0.0, *below]))
    scaled: Floats = levels / levels.max()
    return scaled


def gaussian(count: int = 2**16, seed: int = 0) -> Floats:
    """Values that stand for trained weights."""
    return np.random.default_rng(seed).standard_normal(count)


def laplacian(count: int = 2**16, seed: int = 0) -> Floats:
    """Values with heavier tails, as activations have."""
    return np.random.default_rng(seed).laplace(size=count)
