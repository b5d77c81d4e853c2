"""A codec that tries several elements on each tensor and keeps the one that errs least.

idea: ANT and LLM-FP4 are this, with other candidates. Which element was taken is one byte a tensor; each channel has an
      fp32 scale, searched with every candidate.
keeps: a tensor with NaN or an infinity has no best element: NaN is what all of its channels that hold one become.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from interlock.numerics.arrays import Floats
from interlock.numerics.blocks import Blocks, Group, blocks, largest_magnitude
from interlock.numerics.clipping import RATIOS, best_for
from interlock.numerics.codec import Codec, Encoded
from interlock.numerics.elements import Element
from interlock.numerics.packing import bytes_as_floats, floats_as_bytes, pack, unpack


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenCodec(Codec):
    """Candidates by name, in order; all have the same width. `ratios`: the scales tried, as shares of the widest."""

    name: str
    candidates: tuple[tuple[str, Element], ...]
    group: Group = "channel"
    ratios: tuple[float, ...] = RATIOS

    def levels(self) -> None:
        """They depend on the tensor."""
        return

    def choice(self, x: Floats, axis: int = -1) -> str:
        """The name of the element that a tensor gets."""
        cut = blocks(x.shape, axis, self.group)
        return self.candidates[self._fit(cut.cut(x))[0]][0]

    def errors(self, x: Floats, axis: int = -1) -> dict[str, float]:
        """The mean squared error of each candidate with its best scales."""
        groups = blocks(x.shape, axis, self.group).cut(x)
        return {name: float(best_for(groups, element, self.ratios)[1].sum()) / max(groups.size, 1)
                for name, element in self.candidates}  # fmt: skip

    def _fit(self, groups: Floats) -> tuple[int, Floats]:
        broken = np.isnan(largest_magnitude(groups)) if groups.size else np.zeros(0, dtype=bool)
        sound = np.where(broken[:, None], groups.dtype.type(0), groups)
        found = [best_for(sound, element, self.ratios) for _, element in self.candidates]
        place = int(np.argmin([errors.sum() for _, errors in found]))
        return place, np.where(broken, groups.dtype.type(np.nan), found[place][0])

    def _rounded(self, x: Floats, axis: int) -> tuple[Blocks, int, Floats, Floats]:
        cut = blocks(x.shape, axis, self.group)
        groups = cut.cut(x)
        place, factors = self._fit(groups)
        numbers = np.empty_like(groups)
        with np.errstate(invalid="ignore"):
            for part in cut.chunks():
                numbers[part] = self.candidates[place][1].round(groups[part] / factors[part, None])
        return cut, place, factors, numbers

    def _quantize(self, x: Floats, axis: int) -> Floats:
        cut, _, factors, numbers = self._rounded(x, axis)
        return cut.join(numbers * factors[:, None])

    def _encode(self, x: Floats, axis: int) -> Encoded:
        cut, place, factors, numbers = self._rounded(x, axis)
        element = self.candidates[place][1]
        codes = element.codes(np.nan_to_num(cut.stored(numbers)))
        scales = {"scales": floats_as_bytes(factors, "float32")}
        counted = isinstance(self.group, int)
        return Encoded(codec=self.name, shape=x.shape, axis=axis, dtype=str(x.dtype),
                       parts={"codes": pack(codes, element.bits), **(scales if counted else {})},
                       once={"element": np.array([place], dtype=np.uint8), **({} if counted else scales)})  # fmt: skip

    def _decode(self, stored: Encoded) -> Floats:
        cut = blocks(stored.shape, stored.axis, self.group)
        held = {**stored.parts, **stored.once}
        element = self.candidates[int(held["element"][0])][1]
        numbers = element.numbers(unpack(held["codes"], element.bits, stored.elements)).astype(stored.dtype)
        factors = bytes_as_floats(held["scales"], "float32").astype(stored.dtype)
        return cut.join(cut.filled(numbers) * factors[:, None])
