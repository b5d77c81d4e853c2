"""An element that is any sorted list of numbers, and the fast search for the nearest of them.

idea: the range between the outermost thresholds is cut into equal bins, fine enough that a bin holds at most one
      threshold: a bin's code and one comparison then decide, without a search in each element.
keeps: a value on the threshold takes the lower number. Where thresholds crowd (logarithmic tables), a binary search
       is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interlock.numerics.arrays import Codes, Floats
from interlock.numerics.elements import Element
from interlock.numerics.rounding import Rounding

_MOST_BINS: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Element):
    """Numbers in ascending order; the code of each is `order[i]`, or its place where `order` is empty."""

    bits: int
    sorted_numbers: tuple[float, ...]
    order: tuple[int, ...] = ()

    @property
    def largest(self) -> float:
        """The largest magnitude."""
        return max(abs(self.sorted_numbers[0]), abs(self.sorted_numbers[-1]))

    @property
    def top_exponent(self) -> int:
        """floor(log2(largest))."""
        return int(np.frexp(self.largest)[1]) - 1

    @property
    def mantissa_bits(self) -> int:
        """None: neighbours are not at equal distances."""
        return 0

    def round(self, x: Floats, rounding: Rounding = "nearest", rng: np.random.Generator | None = None) -> Floats:
        """The nearest number, or a neighbour by the rule; NaN stays NaN."""
        numbers = np.array(self.sorted_numbers, dtype=x.dtype)
        if rounding == "nearest":
            found = np.take(numbers, nearest_place(x, self.sorted_numbers))
            return np.where(np.isnan(x), x, found)
        held = np.clip(x, numbers[0], numbers[-1])
        below = np.clip(np.searchsorted(numbers, held, side="right") - 1, 0, len(numbers) - 2)
        low, high = numbers[below], numbers[below + 1]
        if rounding == "stochastic":
            draws = (rng or np.random.default_rng(0)).random(x.shape, dtype=x.dtype)
            return np.where(draws < (held - low) / (high - low), high, low)
        up = (held == high) if rounding == "down" else np.where(held < 0, held > low, held == high)
        return np.where(np.isnan(x), x, np.where(up, high, low))

    def codes(self, numbers: Floats) -> Codes:
        """The codes of numbers of the table."""
        known = np.array(self.sorted_numbers, dtype=numbers.dtype)
        place = np.minimum(np.searchsorted(known, numbers), len(known) - 1)
        kind = np.uint8 if self.bits <= 8 else np.uint16
        return np.take(np.array(self.order, dtype=kind), place) if self.order else place.astype(kind)

    def numbers(self, codes: Codes) -> Floats:
        """The numbers of codes; a code that the table does not use is NaN."""
        table = np.full(2**self.bits, np.nan)
        places = np.array(self.order) if self.order else np.arange(len(self.sorted_numbers))
        table[places] = self.sorted_numbers
        return np.take(table, codes)


def nearest_place(x: Floats, numbers: tuple[float, ...]) -> NDArray[np.integer]:
    """The place of the nearest of sorted numbers; ties go to the lower."""
    thresholds, start, scale, first = _bins(numbers, str(x.dtype))
    if first is None:
        return np.searchsorted(thresholds, x)
    with np.errstate(invalid="ignore", over="ignore"):
        bins = np.clip((x - start) * scale, 0, len(first) - 1)
        place = np.take(first, np.nan_to_num(bins).astype(np.int32))
    place += x > np.take(thresholds, place, mode="clip")
    return np.minimum(place, np.int8(len(numbers) - 1)) if len(numbers) < 127 else np.minimum(place, len(numbers) - 1)


@cache
def _bins(numbers: tuple[float, ...], dtype: str) -> tuple[Floats, Floats, Floats, NDArray[np.integer] | None]:
    """Thresholds, where bins begin, bins a unit, how many thresholds lie below each bin; None for a plain search."""
    levels = np.array(numbers, dtype=dtype)
    thresholds = (levels[1:] + levels[:-1]) / levels.dtype.type(2)
    gaps = np.diff(thresholds)
    span = float(thresholds[-1] - thresholds[0]) if len(thresholds) > 1 else 0.0
    if len(thresholds) < 2 or gaps.min() <= 0 or span / float(gaps.min()) * 2 > _MOST_BINS:
        return thresholds, levels[:1], levels[:1], None
    width = float(gaps.min()) / 2
    start = thresholds[0] - thresholds.dtype.type(width)
    scale = thresholds.dtype.type(1 / width)
    count = int((thresholds[-1] - start) * scale) + 2
    own = np.clip((thresholds - start) * scale, 0, count - 1).astype(np.int32)  # the bin that each threshold is in
    first: NDArray[np.integer] = np.searchsorted(own, np.arange(count))
    first = first.astype(np.int8) if len(numbers) < 127 else first.astype(np.int32)
    return thresholds, start, scale, first
