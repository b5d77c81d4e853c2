"""OLAccel: most values are 4-bit integers; the few largest are 16-bit integers of the same unit, stored sparsely.

symbols: r share of outliers, 3 % in the paper; s the step: the largest magnitude that is no outlier over 7; an
         outlier is an integer of 16 bits times the same s, so that both kinds add up in one accumulator.
keeps:   outliers are chosen by magnitude over the tensor, their place in the dense stream holds 0, and a 32-bit place
         is stored with each. departs: the paper's outlier lists are cut into the tiles of its processing elements.
source:  Park et al. 2018, Energy-efficient neural network accelerator based on outlier-aware low-precision computation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from interlock.numerics.arrays import Floats
from interlock.numerics.blocks import blocks
from interlock.numerics.codec import Codec, Encoded
from interlock.numerics.integers import Integer
from interlock.numerics.packing import bytes_as_floats, floats_as_bytes, pack, unpack


@dataclass(frozen=True, slots=True, kw_only=True)
class OlaccelCodec(Codec):
    """One step for the tensor; `ratio`: the share of values that are outliers."""

    name: str = "olaccel4"
    ratio: float = 0.03
    bits: int = 4
    outlier_bits: int = 16

    def levels(self) -> None:
        """They depend on the tensor."""
        return

    def _split(self, flat: Floats) -> tuple[NDArray[np.bool_], np.float32]:
        """Which values are outliers, and the step."""
        magnitude = np.abs(flat)
        count = int(np.floor(self.ratio * flat.size))
        outlier = np.zeros(flat.size, dtype=bool)
        if not np.isfinite(magnitude).all():  # what is no finite number makes all of the tensor NaN
            return outlier, np.float32(np.nan)
        if count:
            outlier[np.argpartition(magnitude, flat.size - count)[flat.size - count :]] = True
        inside = magnitude[~outlier]
        top = float(inside.max(initial=0.0))
        step = np.float32(top / Integer(bits=self.bits).top)
        return outlier, step if step > 0 else np.float32(1)

    def _integers(self, flat: Floats) -> tuple[NDArray[np.bool_], np.float32, Floats, Floats]:
        outlier, step = self._split(flat)
        dense, sparse = Integer(bits=self.bits), Integer(bits=self.outlier_bits)
        with np.errstate(invalid="ignore", over="ignore"):
            scaled = flat / flat.dtype.type(step)
        return outlier, step, dense.round(np.where(outlier, 0, scaled)), sparse.round(scaled[outlier])

    def _quantize(self, x: Floats, axis: int) -> Floats:
        flat = blocks(x.shape, axis, "tensor").ordered(x)
        outlier, step, inside, large = self._integers(flat)
        inside[outlier] = large
        found: Floats = np.multiply(inside, flat.dtype.type(step)).reshape(x.shape)
        return found

    def _encode(self, x: Floats, axis: int) -> Encoded:
        flat = blocks(x.shape, axis, "tensor").ordered(x)
        outlier, step, inside, large = self._integers(flat)
        dense, sparse = Integer(bits=self.bits), Integer(bits=self.outlier_bits)
        places = np.flatnonzero(outlier).astype(np.uint32)
        parts = {"codes": pack(dense.codes(inside), self.bits),
                 "outliers": pack(sparse.codes(large), self.outlier_bits), "places": pack(places, 32)}  # fmt: skip
        return Encoded(codec=self.name, shape=x.shape, axis=axis, dtype=str(x.dtype), parts=parts,
                       once={"step": floats_as_bytes(np.array([step]), "float32")})  # fmt: skip

    def _decode(self, stored: Encoded) -> Floats:
        dense, sparse = Integer(bits=self.bits), Integer(bits=self.outlier_bits)
        numbers = dense.numbers(unpack(stored.parts["codes"], self.bits, stored.elements)).astype(stored.dtype)
        count = stored.parts["places"].size // 4
        codes = unpack(stored.parts["outliers"], self.outlier_bits, count)
        numbers[unpack(stored.parts["places"], 32, count)] = sparse.numbers(codes)
        step = bytes_as_floats(stored.once["step"], "float32").astype(stored.dtype)
        found: Floats = np.multiply(numbers, step).reshape(stored.shape)
        return found
