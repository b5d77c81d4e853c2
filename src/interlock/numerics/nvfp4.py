"""NVFP4: blocks of 16 FP4 numbers with an E4M3 scale each, under one fp32 scale for the tensor.

symbols: A largest magnitude of the tensor, a of a block; tensor scale t = A / (448 6); block scale e4m3(a / 6 / t).
keeps:   values are multiplied by the reciprocal (1 / t) / e4m3(...) in the array's own precision, as NVIDIA's kernels
         do; dividing instead would round a few ties the other way. Block scales below 2^-6 are raised to it.
source:  NVIDIA 2025, Pretraining Large Language Models with NVFP4, appendix B; torchao's emulation was compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from interlock.numerics.arrays import Floats
from interlock.numerics.elements import Element
from interlock.numerics.packing import bytes_as_floats, floats_as_bytes, pack
from interlock.numerics.rounding import Rounding
from interlock.numerics.scaled import ScaledCodec
from interlock.numerics.scales import Factors, ScaleRule, Stored
from interlock.numerics.small_floats import FLOATS

BLOCK: Final = 16
_E4M3: Final = FLOATS["fp8-e4m3"]
_LEAST: Final = np.float32(2.0**-119)  # the reciprocal of a smaller tensor scale times a block's could overflow


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoLevelScale(ScaleRule):
    """An E4M3 scale a block, and the fp32 scale that lets the largest of them be 448."""

    smallest: float = 2.0**-6

    def fit(self, largest: Floats, element: Element) -> Factors:
        """Both levels, and the reciprocal of their product."""
        kind = largest.dtype.type
        whole = np.nanmax(largest, initial=0.0)
        tensor = np.float32(kind(whole) / kind(_E4M3.largest * element.largest)) if whole > 0 else np.float32(1)
        tensor = kind(max(tensor, _LEAST))
        wanted = largest / kind(element.largest) / tensor
        block = _E4M3.round(np.clip(wanted, kind(self.smallest), kind(_E4M3.largest)))
        once = {"tensor scale": floats_as_bytes(np.array([tensor]), "float32")}
        parts = {"scales": pack(_E4M3.codes(block), 8)}
        return Factors(up=block * tensor, down=(kind(1) / tensor) / block, parts=parts, once=once)

    def read(self, parts: Stored, once: Stored, dtype: str) -> Floats:
        """Products of both levels."""
        tensor = bytes_as_floats(once["tensor scale"], "float32").astype(dtype)[0]
        found: Floats = np.multiply(_E4M3.numbers(parts["scales"]).astype(dtype), tensor)
        return found


def nvfp4(name: str = "nvfp4", *, group: int = BLOCK, rounding: Rounding = "nearest", seed: int = 0) -> ScaledCodec:
    """The NVFP4 codec."""
    return ScaledCodec(name=name, element=FLOATS["fp4-e2m1"], scale=TwoLevelScale(), group=group, rounding=rounding,
                       seed=seed)  # fmt: skip
