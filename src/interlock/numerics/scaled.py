"""A codec from three choices: an element, a scale rule, and the group that shares a scale.

keeps: work goes through the array in pieces that fit the cache; no loop over elements or groups. Stochastic rounding
       draws its numbers in the order of the pieces from a generator seeded anew in each call: the same seed, the same
       numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from interlock.numerics.arrays import Codes, Floats
from interlock.numerics.blocks import Blocks, Group, blocks, largest_magnitude
from interlock.numerics.codec import Codec, Encoded
from interlock.numerics.elements import Element
from interlock.numerics.packing import pack, unpack
from interlock.numerics.rounding import Rounding
from interlock.numerics.scales import Factors, NoScale, ScaleRule


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaledCodec(Codec):
    """Elements under scales. `clip`: the share of the largest magnitude that the scale covers; beyond it saturates."""

    name: str
    element: Element
    scale: ScaleRule
    group: Group
    rounding: Rounding = "nearest"
    seed: int = 0
    clip: float = 1.0

    def levels(self) -> Floats:
        """The finite numbers of the element."""
        table = self.element.table()
        return np.unique(table[np.isfinite(table)])

    def factors(self, groups: Floats, cut: Blocks) -> Factors:
        """The scales of groups."""
        if isinstance(self.scale, NoScale):
            return self.scale.fit(np.ones(cut.count, dtype=groups.dtype), self.element)
        found = [largest_magnitude(groups[part]) for part in cut.chunks()]
        largest = np.concatenate(found) if found else np.ones(0, dtype=groups.dtype)
        return self.scale.fit(largest * largest.dtype.type(self.clip), self.element)

    def _rounded(self, groups: Floats, cut: Blocks, factors: Factors) -> Iterator[tuple[tuple[slice, slice], Floats]]:
        """The numbers of the element that each piece rounds to."""
        rng = np.random.default_rng(self.seed) if self.rounding == "stochastic" else None
        plain = isinstance(self.scale, NoScale)
        for part in cut.pieces():
            piece = groups[part]
            if not plain:
                with np.errstate(invalid="ignore", over="ignore"):
                    up, down = factors.up[part[0], None], factors.down
                    piece = piece / up if down is None else piece * down[part[0], None]
            rounded = self.element.round(piece, self.rounding, rng)
            yield part, self.element.without_nan(rounded) if plain else rounded

    def _quantize(self, x: Floats, axis: int) -> Floats:
        cut = blocks(x.shape, axis, self.group)
        groups = cut.cut(x)
        factors = self.factors(groups, cut)
        result = np.empty_like(groups)
        for part, numbers in self._rounded(groups, cut, factors):
            np.multiply(numbers, factors.up[part[0], None], out=result[part])
        return cut.join(result)

    def _encode(self, x: Floats, axis: int) -> Encoded:
        cut = blocks(x.shape, axis, self.group)
        groups = cut.cut(x)
        factors = self.factors(groups, cut)
        kind = np.uint8 if self.element.bits <= 8 else np.uint16
        codes = np.empty(groups.shape, dtype=kind)
        for part, numbers in self._rounded(groups, cut, factors):
            codes[part] = self.element.codes(numbers)
        return Encoded(codec=self.name, shape=x.shape, axis=axis, dtype=str(x.dtype), once=factors.once,
                       parts={"codes": pack(cut.stored(codes), self.element.bits), **factors.parts})  # fmt: skip

    def codes(self, stored: Encoded) -> Codes:
        """The codes of all elements, in the order in which they are stored."""
        return unpack(stored.parts["codes"], self.element.bits, stored.elements)

    def _decode(self, stored: Encoded) -> Floats:
        cut = blocks(stored.shape, stored.axis, self.group)
        numbers = cut.filled(self.element.numbers(self.codes(stored)).astype(stored.dtype))
        up = self.scale.read(stored.parts, stored.once, stored.dtype)
        return cut.join(numbers * up[:, None])
