"""Sparse storage of any format: the kept values as the format stores them, and where they were.

symbols: "N:M" keeps the N largest magnitudes of every M neighbours and stores each one's place in ceil(log2 M) bits;
         "P%" drops the P per cent of least magnitude of the tensor and stores a bitmap.
keeps:   a tensor that is sparse already keeps its values, since zeros have the least magnitude. Ties keep the first.
         N:M needs rows of whole groups of M. Values of a row stay in order, so that groups of scales run over kept
         values.
source:  NVIDIA 2021, Mishra et al., Accelerating sparse deep neural networks (2:4 and its 2-bit places).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from interlock.errors import InputError
from interlock.numerics.arrays import Floats
from interlock.numerics.blocks import Blocks, blocks
from interlock.numerics.codec import Codec, Encoded
from interlock.numerics.packing import pack, unpack


@dataclass(frozen=True, slots=True, kw_only=True)
class SparseCodec(Codec):
    """A format over the kept values. `pattern`: (N, M), or the share that is dropped."""

    name: str
    inner: Codec
    pattern: tuple[int, int] | float

    def levels(self) -> Floats | None:
        """Those of the format."""
        return self.inner.levels()

    def _kept(self, x: Floats, axis: int) -> tuple[Blocks, Floats, NDArray[np.bool_], tuple[int, ...]]:
        """How the array is cut, its stored elements, which of them stay, and the shape of what stays."""
        cut = blocks(x.shape, axis, "channel")
        flat = cut.ordered(x)
        magnitude = np.abs(flat)
        mask = np.zeros(flat.size, dtype=bool)
        if isinstance(self.pattern, tuple):
            kept, of = self.pattern
            if cut.rows[1] % of:
                raise InputError(self.name, f"rows of {cut.rows[1]} elements", f"rows of whole groups of {of}")
            order = np.argsort(-magnitude.reshape(-1, of), axis=1, kind="stable")[:, :kept]
            np.put_along_axis(mask.reshape(-1, of), order, True, axis=1)
            return cut, flat, mask, (cut.rows[0], cut.rows[1] // of * kept)
        count = flat.size - round(self.pattern * flat.size)
        mask[np.argsort(-magnitude, kind="stable")[:count]] = True
        return cut, flat, mask, (count,)

    def _quantize(self, x: Floats, axis: int) -> Floats:
        cut, flat, mask, shape = self._kept(x, axis)
        result = np.zeros_like(flat)
        result[mask] = self.inner.quantize(flat[mask].reshape(shape)).reshape(-1)
        return cut.placed(result)

    def _encode(self, x: Floats, axis: int) -> Encoded:
        _, flat, mask, shape = self._kept(x, axis)
        held = self.inner.encode(flat[mask].reshape(shape))
        if isinstance(self.pattern, tuple):
            of = self.pattern[1]
            where = pack((np.flatnonzero(mask) % of).astype(np.uint16), self.place_bits) if of > 1 else mask[:0]
        else:
            where = np.packbits(mask, bitorder="little")
        return Encoded(codec=self.name, shape=x.shape, axis=axis, dtype=str(x.dtype), once=held.once,
                       parts={**held.parts, "places": where.view(np.uint8)})  # fmt: skip

    @property
    def place_bits(self) -> int:
        """Bits of a place within M."""
        return math.ceil(math.log2(self.pattern[1])) if isinstance(self.pattern, tuple) else 1

    def _decode(self, stored: Encoded) -> Floats:
        cut = blocks(stored.shape, stored.axis, "channel")
        mask = self._mask(stored, cut)
        rows = cut.rows[0] if isinstance(self.pattern, tuple) else 1
        shape = (rows, int(mask.sum()) // max(rows, 1)) if isinstance(self.pattern, tuple) else (int(mask.sum()),)
        parts = {name: part for name, part in stored.parts.items() if name != "places"}
        held = Encoded(codec=self.inner.name, shape=shape, axis=-1, dtype=stored.dtype, parts=parts, once=stored.once)
        result = np.zeros(stored.elements, dtype=stored.dtype)
        result[mask] = self.inner.decode(held).reshape(-1)
        return cut.placed(result)

    def _mask(self, stored: Encoded, cut: Blocks) -> NDArray[np.bool_]:
        where = stored.parts["places"]
        if not isinstance(self.pattern, tuple):
            return np.unpackbits(where, count=stored.elements, bitorder="little").astype(bool)
        kept, of = self.pattern
        groups = stored.elements // of
        mask = np.zeros((groups, of), dtype=bool)
        places = unpack(where, self.place_bits, groups * kept) if of > 1 else np.zeros(groups, dtype=np.uint8)
        np.put_along_axis(mask, places.reshape(groups, kept).astype(np.int64), True, axis=1)
        return mask.reshape(-1)
