"""Floats too wide for a table of their codes: FP64, FP32, and TF32, which keeps 10 of FP32's 23 mantissa bits.

keeps: TF32 is what a tensor core multiplies; in memory it takes the 32 bits of FP32, the lowest 13 of them zero.
       Values that overflow become infinity. Rounding FP64 to FP32 is NumPy's, to nearest even.
source: NVIDIA A100 whitepaper 2020 (TF32: 8 exponent and 10 mantissa bits, rounded to nearest).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from interlock.numerics.arrays import Floats
from interlock.numerics.blocks import blocks
from interlock.numerics.codec import Codec, Encoded
from interlock.numerics.packing import bytes_as_floats, floats_as_bytes
from interlock.numerics.rounding import shortened

_DROPPED = 13


@dataclass(frozen=True, slots=True, kw_only=True)
class WideFloat(Codec):
    """FP64, FP32 or TF32, by name."""

    name: Literal["fp64", "fp32", "tf32"]

    def levels(self) -> None:
        """Too many to list."""
        return

    def _kept(self, x: Floats) -> Floats:
        if self.name == "fp64":
            return x.astype(np.float64)
        with np.errstate(over="ignore"):
            single = x.astype(np.float32)
        return shortened(single, _DROPPED) if self.name == "tf32" else single

    def _quantize(self, x: Floats, axis: int) -> Floats:
        return self._kept(x).astype(x.dtype)

    def _encode(self, x: Floats, axis: int) -> Encoded:
        kept = self._kept(blocks(x.shape, axis, "tensor").ordered(x))
        return Encoded(codec=self.name, shape=x.shape, axis=axis, dtype=str(x.dtype),
                       parts={"numbers": floats_as_bytes(kept, str(kept.dtype))})  # fmt: skip

    def _decode(self, stored: Encoded) -> Floats:
        kind = "float64" if self.name == "fp64" else "float32"
        return bytes_as_floats(stored.parts["numbers"], kind).astype(stored.dtype).reshape(stored.shape)
