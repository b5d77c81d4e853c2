"""NF4: sixteen quantiles of a normal distribution, blocks of 64 under their largest magnitude, and doubly quantized
scales.

symbols: offset o = (1 - 1/30 + 1 - 1/32) / 2; 8 quantiles from o to 1/2 above zero, 7 below, zero itself; scaled to 1.
keeps:   double quantization takes the mean from the scales, since all are positive, and stores the rest as 8-bit
         floats in blocks of 256 with an fp32 scale each. departs: those 8-bit floats are E4M3, the paper names none
         and its library uses a table of its own ("dynamic" 8 bits); sizes are the same.
source:  Dettmers et al. 2023, QLoRA, section 3 and appendix E; thresholds lie halfway between neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from statistics import NormalDist
from typing import Final

import numpy as np

from interlock.numerics.arrays import Floats
from interlock.numerics.blocks import blocks, largest_magnitude
from interlock.numerics.elements import Element
from interlock.numerics.packing import bytes_as_floats, floats_as_bytes
from interlock.numerics.rounding import Rounding
from interlock.numerics.scaled import ScaledCodec
from interlock.numerics.scales import Factors, FloatScale, ScaleRule, Stored
from interlock.numerics.small_floats import FLOATS
from interlock.numerics.tables import Table

BLOCK: Final = 64
SCALES_TOGETHER: Final = 256
_E4M3: Final = FLOATS["fp8-e4m3"]


@cache
def normal_quantiles() -> tuple[float, ...]:
    """The sixteen numbers of NF4, ascending, rounded to fp32 as they are stored."""
    quantile, offset = NormalDist().inv_cdf, (1 - 1 / 30 + 1 - 1 / 32) / 2
    above = [quantile(p) for p in np.linspace(offset, 0.5, 9)[:-1].tolist()]
    below = [-quantile(p) for p in np.linspace(offset, 0.5, 8)[:-1].tolist()]
    levels = np.sort(np.array([*above, 0.0, *below]))
    return tuple((levels / levels.max()).astype(np.float32).astype(float).tolist())


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubleScale(ScaleRule):
    """Scales less their mean, as 8-bit floats with an fp32 scale for each 256 of them."""

    together: int = SCALES_TOGETHER

    def fit(self, largest: Floats, element: Element) -> Factors:
        """Scales as their bytes stand for them; those that would fall to 0 become the smallest normal number."""
        kind = largest.dtype.type
        wanted = largest / kind(element.largest)
        known = wanted[np.isfinite(wanted)]
        mean = np.float32(known.mean(dtype=np.float64)) if known.size else np.float32(0)
        cut = blocks(wanted.shape, 0, self.together)
        rest = cut.cut(wanted - kind(mean))
        second = (largest_magnitude(np.nan_to_num(rest)) / kind(_E4M3.largest)).astype(np.float32)
        second = np.where(second > 0, second, np.float32(1))
        codes = cut.stored(_E4M3.codes(_E4M3.round(rest / second.astype(largest.dtype)[:, None])))
        parts = {"scales": codes, "scales of scales": floats_as_bytes(second, "float32")}
        once = {"mean scale": floats_as_bytes(np.array([mean]), "float32")}
        return Factors(up=self.read(parts, once, str(largest.dtype)), parts=parts, once=once)

    def read(self, parts: Stored, once: Stored, dtype: str) -> Floats:
        """Both levels and the mean, together."""
        codes = parts["scales"]
        cut = blocks(codes.shape, 0, self.together)
        second = bytes_as_floats(parts["scales of scales"], "float32").astype(dtype)
        rest = cut.join(cut.filled(_E4M3.numbers(codes).astype(dtype)) * second[:, None])
        mean = bytes_as_floats(once["mean scale"], "float32").astype(dtype)[0]
        found: Floats = np.maximum(rest + mean, np.dtype(dtype).type(np.finfo(np.float32).smallest_normal))
        return found


def normal_float(name: str, *, group: int = BLOCK, rounding: Rounding = "nearest", seed: int = 0) -> ScaledCodec:
    """Of the name "nf4", with an fp32 scale a block, or "nf4-dq", with doubly quantized ones."""
    element = Table(bits=4, sorted_numbers=normal_quantiles())
    scale = DoubleScale() if name.endswith("-dq") else FloatScale(stored_as="float32")
    return ScaledCodec(name=name, element=element, scale=scale, group=group, rounding=rounding, seed=seed)
