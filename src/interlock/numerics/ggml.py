"""Q8_0 and Q4_0 of GGUF files: blocks of 32 integers with an fp16 scale, bytes in the order of the files.

symbols: a largest magnitude of a block, x* the value that has it. Q8_0: d = a / 127, q = round(x / d), ties away from
         zero. Q4_0: d = x* / -8, q = floor(x / d + 8.5), at most 15, value (q - 8) d.
keeps:   q is found with the unrounded scale, decoding uses the fp16 one, as ggml does, held at 65504 where it would
         overflow. Rows must be whole blocks in a file; short blocks are accepted here and filled up, so that only
         whole blocks have the size of a file.
source:  ggml, quantize_row_q8_0_ref and quantize_row_q4_0_ref; GGUF specification.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from interlock.numerics.arrays import Floats
from interlock.numerics.blocks import blocks
from interlock.numerics.codec import Codec, Encoded
from interlock.numerics.packing import bytes_as_floats, floats_as_bytes

BLOCK: Final = 32
_LEAST: Final = 2.0**-126  # below, the reciprocal overflows; an fp16 scale is long 0 there


@dataclass(frozen=True, slots=True, kw_only=True)
class GgmlCodec(Codec):
    """ "q8-0" or "q4-0"; `bits` is 8 or 4."""

    name: str
    bits: int

    def levels(self) -> Floats:
        """The integers, centred."""
        return np.arange(-8.0, 8.0) if self.bits == 4 else np.arange(-127.0, 128.0)

    def _integers(self, groups: Floats) -> tuple[Floats, Floats]:
        """Centred integers and fp16 scales as they will be read."""
        kind = groups.dtype.type
        place = np.abs(groups).argmax(axis=1)[:, None]
        peak = np.take_along_axis(groups, place, axis=1)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            scale = peak / kind(-8) if self.bits == 4 else np.abs(peak) / kind(127)
            inverse = np.where(np.abs(scale) < kind(_LEAST), kind(0), kind(1) / scale)  # NaN passes
            scaled = groups * inverse
            if self.bits == 4:
                whole = np.minimum(np.trunc(scaled + kind(8.5)), kind(15)) - kind(8)
            else:
                whole = np.copysign(np.floor(np.abs(scaled) + kind(0.5)), scaled)
            held = np.clip(np.where(np.isinf(peak), kind(np.nan), scale)[:, 0], kind(-65504), kind(65504))
            stored = held.astype(np.float16).astype(groups.dtype)
        return whole + kind(0), stored

    def _quantize(self, x: Floats, axis: int) -> Floats:
        cut = blocks(x.shape, axis, BLOCK)
        groups = _filled(cut.cut(x))
        result = np.empty_like(groups)
        for part in cut.chunks():
            whole, scale = self._integers(groups[part])
            with np.errstate(invalid="ignore"):
                result[part] = whole * scale[:, None]
        return cut.join(result[:, : cut.width])

    def _encode(self, x: Floats, axis: int) -> Encoded:
        cut = blocks(x.shape, axis, BLOCK)
        whole, scale = self._integers(_filled(cut.cut(x)))
        integers = np.nan_to_num(whole)
        if self.bits == 4:
            codes = (integers + 8).astype(np.uint8)
            held = codes[:, : BLOCK // 2] | (codes[:, BLOCK // 2 :] << 4)
        else:
            held = integers.astype(np.int8).view(np.uint8)
        scales = floats_as_bytes(scale, "float16").reshape(-1, 2)
        return Encoded(codec=self.name, shape=x.shape, axis=axis, dtype=str(x.dtype),
                       parts={"blocks": np.concatenate([scales, held], axis=1).reshape(-1)})  # fmt: skip

    def _decode(self, stored: Encoded) -> Floats:
        cut = blocks(stored.shape, stored.axis, BLOCK)
        held = stored.parts["blocks"].reshape(cut.count, 2 + BLOCK * self.bits // 8)
        scale = bytes_as_floats(np.ascontiguousarray(held[:, :2]).reshape(-1), "float16").astype(stored.dtype)
        codes = np.ascontiguousarray(held[:, 2:])
        if self.bits == 4:
            whole = np.concatenate([codes & 15, codes >> 4], axis=1).astype(stored.dtype) - 8
        else:
            whole = codes.view(np.int8).astype(stored.dtype)
        with np.errstate(invalid="ignore"):
            return cut.join((whole * scale[:, None])[:, : cut.width])


def _filled(groups: Floats) -> Floats:
    """Blocks of rows that are shorter than one, filled up with their last element."""
    return np.pad(groups, ((0, 0), (0, BLOCK - groups.shape[1])), mode="edge")
