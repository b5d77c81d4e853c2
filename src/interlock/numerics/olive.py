"""OliVe: an outlier takes the code of its neighbour, the victim, and is stored as an abfloat; memory stays aligned.

symbols: abfloat of 4 bits: +-(2 + M) 2^(E + bias), E of 2 bits, M of one: with a bias of 2: 12, 16, 24, ... 96. Its
         code for E = M = 0 is not used, so that no outlier reads as zero.
         pair: two neighbours. Code 1000 (minus zero, or -8) says: a victim is here, and an outlier beside me.
keeps:   normal values are 4-bit integers from -7 to 7. What is nearer to an abfloat than to 7 is an outlier; of two
         in a pair the larger stays. A scale for each channel is searched around 3 standard deviations, with outliers
         in place.
source:  Guo et al. 2023, OliVe, sections 3.2 (pairs), 3.3 (abfloat) and 4.3; the larger outlier survives by section
         3.2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from interlock.numerics.arrays import Codes, Floats
from interlock.numerics.blocks import Blocks, blocks, largest_magnitude
from interlock.numerics.clipping import best_factors
from interlock.numerics.codec import Codec, Encoded
from interlock.numerics.integers import Integer
from interlock.numerics.packing import bytes_as_floats, floats_as_bytes, pack, unpack
from interlock.numerics.tables import Table

VICTIM: Final = 0b1000
BIAS: Final = 2
_NORMAL: Final = Integer(bits=4)
_RATIOS: Final = tuple(np.linspace(0.2, 2.4, 45).tolist())


def abfloat_element(bias: int = BIAS) -> Table:
    """The outliers that 4 bits can be, both signs; 0 stands in the middle for what is no outlier."""
    codes = [(exponent, mantissa) for exponent in range(4) for mantissa in range(2)][1:]
    above = [float((2 + m) << (e + bias)) for e, m in codes]
    below = [8 | e << 1 | m for e, m in codes]
    order = (*below[::-1], 0, *(e << 1 | m for e, m in codes))
    return Table(bits=4, sorted_numbers=(*(-value for value in above[::-1]), 0.0, *above), order=order)


@dataclass(frozen=True, slots=True, kw_only=True)
class OliveCodec(Codec):
    """Outlier-victim pairs along an axis; channels of odd length are filled up with one zero."""

    name: str = "olive4"
    group: Literal["channel", "tensor"] = "channel"
    outliers: Table = field(default_factory=abfloat_element)

    def levels(self) -> Floats:
        """Normal numbers and outliers."""
        return np.union1d(_NORMAL.table(), np.array(self.outliers.sorted_numbers))

    def _paired(self, x: Floats, axis: int) -> tuple[Blocks, Floats]:
        cut = blocks(x.shape, axis, self.group)
        groups = cut.cut(x)
        return cut, np.pad(groups, ((0, 0), (0, groups.shape[1] % 2)))

    def _rounded(self, scaled: Floats) -> Floats:
        """Numbers of pairs: victims are 0."""
        return self._split(scaled)[0]

    def _split(self, scaled: Floats) -> tuple[Floats, NDArray[np.bool_]]:
        """Numbers, and which of them are outliers."""
        smallest = scaled.dtype.type(min(value for value in self.outliers.sorted_numbers if value > 0))
        border = (smallest + scaled.dtype.type(_NORMAL.top)) / scaled.dtype.type(2)
        magnitude = np.abs(scaled)
        outlier = magnitude > border
        left, right = magnitude[:, 0::2], magnitude[:, 1::2]
        first = outlier[:, 0::2] & ~(outlier[:, 1::2] & (right > left))
        second = outlier[:, 1::2] & ~first
        kept = np.zeros_like(outlier)
        kept[:, 0::2], kept[:, 1::2] = first, second
        victim = np.zeros_like(outlier)
        victim[:, 0::2], victim[:, 1::2] = second, first
        numbers = _NORMAL.round(scaled)
        if kept.any():
            numbers[kept] = self.outliers.round(scaled[kept])
        numbers[victim] = 0
        return numbers, kept

    def _fit(self, groups: Floats) -> Floats:
        """A factor for each channel, NaN where it holds what is no finite number."""
        kind = groups.dtype.type
        broken = np.isnan(largest_magnitude(groups)) if groups.size else np.zeros(len(groups), dtype=bool)
        sound = np.where(broken[:, None], kind(0), groups)
        start = np.maximum(np.abs(sound.mean(axis=1)) + 3 * sound.std(axis=1), kind(0)) / kind(_NORMAL.top)
        rounded: Callable[[Floats], Floats] = self._rounded
        return np.where(broken, kind(np.nan), best_factors(sound, start, rounded, _RATIOS)[0])

    def _quantize(self, x: Floats, axis: int) -> Floats:
        cut, groups = self._paired(x, axis)
        factors = self._fit(groups)[:, None]
        with np.errstate(invalid="ignore"):
            numbers = self._rounded(groups / factors)
        return cut.join((numbers * factors)[:, : cut.width])

    def _encode(self, x: Floats, axis: int) -> Encoded:
        _, groups = self._paired(x, axis)
        factors = self._fit(groups)
        with np.errstate(invalid="ignore"):
            numbers, outlier = self._split(groups / factors[:, None])
        codes = _NORMAL.codes(np.where(outlier, 0, numbers))
        codes[outlier] = self.outliers.codes(numbers[outlier])
        codes[_partner(outlier)] = VICTIM
        return Encoded(codec=self.name, shape=x.shape, axis=axis, dtype=str(x.dtype),
                       parts={"codes": pack(codes, 4)},
                       once={"scales": floats_as_bytes(factors, "float32")})  # fmt: skip

    def _decode(self, stored: Encoded) -> Floats:
        cut = blocks(stored.shape, stored.axis, self.group)
        width = cut.width + cut.width % 2
        codes: Codes = unpack(stored.parts["codes"], 4, cut.count * width).reshape(cut.count, width)
        victim = codes == VICTIM
        outlier = _partner(victim)
        numbers = _NORMAL.numbers(np.where(victim, 0, codes))
        numbers[outlier] = self.outliers.numbers(codes[outlier])
        factors = bytes_as_floats(stored.once["scales"], "float32")
        return cut.join((numbers.astype(stored.dtype) * factors.astype(stored.dtype)[:, None])[:, : cut.width])


def _partner(marked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The other half of each marked pair."""
    return marked.reshape(*marked.shape[:-1], -1, 2)[..., ::-1].reshape(marked.shape)
