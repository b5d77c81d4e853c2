"""The contract of an element: the numbers one code can stand for, before any scale.

idea: a format is an element, a rule for scales (`scales.py`) and the group that shares one (`blocks.py`); `scaled.py`
      joins the three. An element knows nothing of scales.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from interlock.numerics.arrays import Codes, Floats
from interlock.numerics.rounding import Rounding


class Element(ABC):
    """Numbers of one width.

    A scale maps the largest magnitude of a group to `largest`; beyond it `round` saturates. `top_exponent` is the
    exponent of the largest power of two among the numbers, from which the MX scale rules start.
    """

    __slots__ = ()
    bits: int

    @property
    @abstractmethod
    def largest(self) -> float:
        """The largest finite number."""

    @property
    @abstractmethod
    def top_exponent(self) -> int:
        """floor(log2(largest))."""

    @property
    @abstractmethod
    def mantissa_bits(self) -> int:
        """Bits behind the leading one of the largest numbers."""

    @abstractmethod
    def round(self, x: Floats, rounding: Rounding = "nearest", rng: np.random.Generator | None = None) -> Floats:
        """The numbers that values round to, in the type of `x`, saturating; NaN stays NaN where it can be stored."""

    def without_nan(self, numbers: Floats) -> Floats:
        """Numbers as an element can hold them that has no scale to hold a NaN for it: 0 in its place."""
        return numbers if self.holds_nan else np.where(np.isnan(numbers), numbers.dtype.type(0), numbers)

    @property
    def holds_nan(self) -> bool:
        """Whether a code stands for NaN."""
        return False

    @abstractmethod
    def codes(self, numbers: Floats) -> Codes:
        """The codes of numbers that `round` returned."""

    @abstractmethod
    def numbers(self, codes: Codes) -> Floats:
        """The numbers of codes, in float64."""

    def table(self) -> Floats:
        """The numbers of all codes in order, in float64."""
        return self.numbers(np.arange(2**self.bits, dtype=np.uint32))
