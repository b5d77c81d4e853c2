"""Cambricon-Q: statistics of a block while it streams by, and the best of several candidate ranges for each block.

symbols: a largest magnitude of a block of the stream; candidates of step a / (2^(b-1) - 1) / 2^k, k = 0 ... K - 1:
         all are computed at once (multiplexed), an estimator of the error picks one.
keeps:   local dynamic quantization: a block is quantized by its own statistics alone, so that one pass over the data is
         enough. The estimator is the sum of squared errors; the paper leaves a choice. One of absolute errors would
         clip the few large elements of gradients, which carry most of them, and does not train. 8 bits, blocks of 1024.
         departs: blocks are runs of the array along an axis; the paper's are what its buffer holds.
source:  Zhao et al. 2021, Cambricon-Q (its LDQ and E2BQM).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from interlock.numerics.arrays import Floats
from interlock.numerics.blocks import blocks, largest_magnitude
from interlock.numerics.codec import Codec, Encoded
from interlock.numerics.integers import Integer
from interlock.numerics.packing import bytes_as_floats, floats_as_bytes, pack, unpack

BLOCK: Final = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class CambriconQCodec(Codec):
    """Integers under the best of `ways` steps, an octave apart, for each block; one fp32 step a block is stored."""

    name: str = "cambricon-q8"
    bits: int = 8
    group: int = BLOCK
    ways: int = 4

    def levels(self) -> Floats:
        """The integers."""
        return Integer(bits=self.bits).table()

    def _fit(self, groups: Floats) -> Floats:
        """A step for each block."""
        kind, element = groups.dtype.type, Integer(bits=self.bits)
        start = (largest_magnitude(groups) / kind(element.top)).astype(np.float32).astype(groups.dtype)
        start = np.where(start == 0, kind(1), start)
        best, chosen = np.full(len(groups), np.inf), start
        for way in range(self.ways):
            step = np.maximum(start / kind(2**way), kind(np.finfo(np.float32).smallest_subnormal))
            with np.errstate(invalid="ignore", over="ignore"):
                gap = element.round(groups / step[:, None]) * step[:, None] - groups
            error = np.einsum("ij,ij->i", gap, gap, dtype=np.float64)
            better = error < best
            best, chosen = np.where(better, error, best), np.where(better, step, chosen)
        return chosen

    def _rounded(self, groups: Floats) -> tuple[Floats, Floats]:
        steps = self._fit(groups)
        with np.errstate(invalid="ignore", over="ignore"):
            return Integer(bits=self.bits).round(groups / steps[:, None]), steps

    def _quantize(self, x: Floats, axis: int) -> Floats:
        cut = blocks(x.shape, axis, self.group)
        groups = cut.cut(x)
        result = np.empty_like(groups)
        for part in cut.chunks():
            numbers, steps = self._rounded(groups[part])
            result[part] = numbers * steps[:, None]
        return cut.join(result)

    def _encode(self, x: Floats, axis: int) -> Encoded:
        cut = blocks(x.shape, axis, self.group)
        numbers, steps = self._rounded(cut.cut(x))
        codes = Integer(bits=self.bits).codes(cut.stored(numbers))
        return Encoded(codec=self.name, shape=x.shape, axis=axis, dtype=str(x.dtype),
                       parts={"codes": pack(codes, self.bits), "steps": floats_as_bytes(steps, "float32")})  # fmt: skip

    def _decode(self, stored: Encoded) -> Floats:
        cut = blocks(stored.shape, stored.axis, self.group)
        codes = unpack(stored.parts["codes"], self.bits, stored.elements)
        numbers = cut.filled(Integer(bits=self.bits).numbers(codes).astype(stored.dtype))
        return cut.join(numbers * bytes_as_floats(stored.parts["steps"], "float32").astype(stored.dtype)[:, None])
