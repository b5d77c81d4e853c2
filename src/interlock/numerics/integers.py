"""Integers of 1 to 16 bits: symmetric under a scale, or with a zero point or a real minimum for each group.

symbols: b bits, s scale, z zero point; symmetric q s, asymmetric (q - z) s, with a real minimum q s + m.
keeps:   symmetric integers reach from -(2^(b-1) - 1) to 2^(b-1) - 1, so that zero is in the middle and quantizing twice
         changes nothing. `span`: "full" adds -2^(b-1) and stretches the scale over half a step more, as GPTQ and
         torchao do; "half" takes the 2^b odd multiples of half a step, without zero, as QuIP's grid.
sources: Jacob et al. 2018, section 2.1 (zero points); Frantar et al. 2022, GPTQ; Chee et al. 2023, QuIP.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from interlock.numerics.arrays import Codes, Floats
from interlock.numerics.blocks import Blocks, Group, blocks
from interlock.numerics.codec import Codec, Encoded
from interlock.numerics.elements import Element
from interlock.numerics.packing import bytes_as_floats, floats_as_bytes, pack, unpack
from interlock.numerics.rounding import Rounding, round_whole

Span = Literal["narrow", "full", "half"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Integer(Element):
    """Integers times a fixed unit. `sign_magnitude`: coded as a sign and a magnitude, otherwise as two's complement."""

    bits: int
    span: Span = "narrow"
    unit: float = 1.0
    sign_magnitude: bool = False

    @property
    def top(self) -> float:
        """The largest integer, or half-integer."""
        return (1 << (self.bits - 1)) - (0.5 if self.span == "half" else 1)

    @property
    def bottom(self) -> float:
        """The least one."""
        return -self.top - (self.span == "full")

    @property
    def largest(self) -> float:
        """What the largest magnitude of a group is scaled to; the full span is stretched by half a step."""
        return (self.top + (0.5 if self.span == "full" else 0)) * self.unit

    @property
    def top_exponent(self) -> int:
        """floor(log2(largest))."""
        return int(np.frexp(self.top * self.unit)[1]) - 1

    @property
    def mantissa_bits(self) -> int:
        """Bits behind the leading one of the largest number."""
        return self.bits - 2

    def round(self, x: Floats, rounding: Rounding = "nearest", rng: np.random.Generator | None = None) -> Floats:
        """Whole (or half) multiples of the unit, saturating."""
        kind = x.dtype.type
        shift, unit = kind(0.5 if self.span == "half" else 0.0), kind(self.unit)
        scaled = x if self.unit == 1.0 else x / unit
        scaled = round_whole(scaled - shift if shift else scaled, rounding, rng)
        whole = np.clip(scaled, kind(self.bottom) - shift, kind(self.top) - shift)
        whole = whole + shift  # -0 becomes +0: integers have one zero
        return whole if self.unit == 1.0 else whole * unit

    def codes(self, numbers: Floats) -> Codes:
        """Two's complement, or sign and magnitude; half-integers as the integer below."""
        with np.errstate(invalid="ignore"):
            whole = np.floor(np.nan_to_num(numbers) / self.unit).astype(np.int64)
        if self.sign_magnitude:
            whole = np.abs(whole) | ((whole < 0).astype(np.int64) << (self.bits - 1))
        code: Codes = (whole & ((1 << self.bits) - 1)).astype(np.uint8 if self.bits <= 8 else np.uint16)
        return code

    def numbers(self, codes: Codes) -> Floats:
        """The numbers of codes."""
        code = codes.astype(np.int64)
        high = code >> (self.bits - 1)
        if self.sign_magnitude:
            whole = np.where(high, -1.0, 1.0) * (code & (2 ** (self.bits - 1) - 1))
        else:
            whole = (code - (high << self.bits)).astype(np.float64)
        value: Floats = (whole + 0.0 + (0.5 if self.span == "half" else 0.0)) * self.unit
        return value

    def table(self) -> Floats:
        """The numbers that rounding can give."""
        return np.arange(self.bottom, self.top + 1) * self.unit


@dataclass(frozen=True, slots=True, kw_only=True)
class AffineCodec(Codec):
    """Unsigned integers with a scale and an offset for each group.

    `minimum`: "zero-point" stores an integer of the element's width and keeps zero exact; "real" stores the group's
    minimum in the scale's type. `scale_as`: how scales and real minima are stored.
    """

    name: str
    bits: int
    group: Group
    minimum: Literal["zero-point", "real"] = "zero-point"
    scale_as: Literal["float16", "float32"] = "float16"
    rounding: Rounding = "nearest"
    seed: int = 0

    @property
    def top(self) -> int:
        """The largest integer."""
        return (1 << self.bits) - 1

    def levels(self) -> Floats:
        """The integers."""
        return np.arange(self.top + 1, dtype=np.float64)

    def _offsets(self, groups: Floats) -> tuple[Floats, Floats]:
        """Scales and offsets of groups; offsets are zero points or minima."""
        kind, limits = groups.dtype.type, np.finfo(self.scale_as)
        low, high = groups.min(axis=1), groups.max(axis=1)
        if self.minimum == "zero-point":
            low, high = np.minimum(low, kind(0)), np.maximum(high, kind(0))
        with np.errstate(invalid="ignore", over="ignore"):
            wanted = np.clip((high - low) / kind(self.top), kind(limits.smallest_subnormal), kind(limits.max))
            wanted = np.where(np.isfinite(high - low), np.where(high == low, kind(1), wanted), kind(np.nan))
            scale = wanted.astype(self.scale_as).astype(groups.dtype)
            if self.minimum == "real":
                return scale, low.astype(self.scale_as).astype(groups.dtype)
            return scale, np.clip(np.nan_to_num(np.rint(-low / scale)), kind(0), kind(self.top))

    def _integers(self, groups: Floats, scale: Floats, offset: Floats, rng: np.random.Generator | None) -> Floats:
        kind = groups.dtype.type
        with np.errstate(invalid="ignore", over="ignore"):
            if self.minimum == "real":
                whole = round_whole((groups - offset[:, None]) / scale[:, None], self.rounding, rng)
            else:
                whole = round_whole(groups / scale[:, None], self.rounding, rng) + offset[:, None]
        return np.clip(whole, kind(0), kind(self.top))

    def _values(self, whole: Floats, scale: Floats, offset: Floats) -> Floats:
        if self.minimum == "real":
            return whole * scale[:, None] + offset[:, None]
        return (whole - offset[:, None]) * scale[:, None]

    def _quantize(self, x: Floats, axis: int) -> Floats:
        cut, rng = blocks(x.shape, axis, self.group), np.random.default_rng(self.seed)
        groups = cut.cut(x)
        result = np.empty_like(groups)
        for part in cut.chunks():
            scale, offset = self._offsets(groups[part])
            result[part] = self._values(self._integers(groups[part], scale, offset, rng), scale, offset)
        return cut.join(result)

    def _encode(self, x: Floats, axis: int) -> Encoded:
        cut, rng = blocks(x.shape, axis, self.group), np.random.default_rng(self.seed)
        groups = cut.cut(x)
        codes = np.empty(groups.shape, dtype=np.uint8 if self.bits <= 8 else np.uint16)
        scales, offsets = np.empty(cut.count, groups.dtype), np.empty(cut.count, groups.dtype)
        for part in cut.chunks():
            scales[part], offsets[part] = self._offsets(groups[part])
            codes[part] = np.nan_to_num(self._integers(groups[part], scales[part], offsets[part], rng))
        shared = {
            "scales": floats_as_bytes(scales, self.scale_as),
            "offsets": floats_as_bytes(offsets, self.scale_as)
            if self.minimum == "real"
            else pack(offsets.astype(codes.dtype), self.bits),
        }
        parts = {"codes": pack(cut.stored(codes), self.bits)}
        if isinstance(self.group, int):
            return _stored(self.name, x, axis, {**parts, **shared}, {})
        return _stored(self.name, x, axis, parts, shared)

    def _decode(self, stored: Encoded) -> Floats:
        cut: Blocks = blocks(stored.shape, stored.axis, self.group)
        held = {**stored.parts, **stored.once}
        scale = bytes_as_floats(held["scales"], self.scale_as).astype(stored.dtype)
        if self.minimum == "real":
            offset = bytes_as_floats(held["offsets"], self.scale_as).astype(stored.dtype)
        else:
            offset = unpack(held["offsets"], self.bits, cut.count).astype(stored.dtype)
        codes = unpack(held["codes"], self.bits, stored.elements).astype(stored.dtype)
        return cut.join(self._values(cut.filled(codes), scale, offset))


def _stored(name: str, x: Floats, axis: int, parts: dict[str, np.ndarray], once: dict[str, np.ndarray]) -> Encoded:
    return Encoded(codec=name, shape=x.shape, axis=axis, dtype=str(x.dtype), parts=parts, once=once)
