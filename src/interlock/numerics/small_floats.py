"""Floats of any split into sign, exponent and mantissa, of at most 16 bits: every code, and exact rounding.

symbols: e exponent bits, m mantissa bits, b bias, E and M the fields of a code;
         value = (-1)^s 2^(E - b) (1 + M / 2^m), and (-1)^s 2^(1 - b) M / 2^m where E = 0.
keeps:   what the topmost codes are, as `specials`: "ieee" infinity and NaN at the top exponent; "fn" no infinity, NaN
         where all bits are ones; "fnuz" no infinity, no negative zero, whose code is the only NaN; "finite" neither.
sources: IEEE 754-2019; OCP 8-bit Floating Point Specification (E4M3 is "fn", E5M2 "ieee"); OCP Microscaling Formats 1.0
         (E3M2, E2M3, E2M1 "finite"); Noune et al. 2022 (FNUZ); Sun et al. 2019 (HFP8: 1-4-3 with 4 more of bias).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

import numpy as np

from interlock.numerics.arrays import Codes, Floats
from interlock.numerics.elements import Element
from interlock.numerics.rounding import Rounding, round_whole, shortened

Specials = Literal["ieee", "fn", "fnuz", "finite"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallFloat(Element):
    """A float format of `1 + exponent + mantissa` bits.

    `extra_bias`: added to 2^(e - 1) - 1, to which FNUZ adds one. `saturating`: what `round` does beyond the largest.
    """

    exponent: int
    mantissa: int
    specials: Specials = "finite"
    extra_bias: int = 0
    saturating: bool = True

    @property
    def bits(self) -> int:  # type: ignore[override]
        """Bits of a code."""
        return 1 + self.exponent + self.mantissa

    @property
    def bias(self) -> int:
        """What is subtracted from the exponent field."""
        return int(2 ** (self.exponent - 1)) - 1 + (self.specials == "fnuz") + self.extra_bias

    @property
    def largest(self) -> float:
        """The largest finite number."""
        field = 2**self.exponent - 1 - (self.specials == "ieee")
        fraction = 2**self.mantissa - 1 - (self.specials == "fn")
        if fraction < 0:  # no mantissa, and the only code of the top exponent is NaN
            field, fraction = field - 1, 0
        return _value(field, fraction, self)

    @property
    def top_exponent(self) -> int:
        """floor(log2(largest))."""
        return int(np.frexp(self.largest)[1]) - 1

    @property
    def mantissa_bits(self) -> int:
        """m."""
        return self.mantissa

    @property
    def holds_nan(self) -> bool:
        """Finite formats have no code for it."""
        return self.specials != "finite"

    @property
    def smallest(self) -> float:
        """The smallest number above zero."""
        return float(2.0 ** (1 - self.bias - self.mantissa)) if self.mantissa else float(2.0 ** (1 - self.bias))

    @property
    def smallest_normal(self) -> float:
        """The smallest number with a leading one."""
        return float(2.0 ** (1 - self.bias))

    def round(self, x: Floats, rounding: Rounding = "nearest", rng: np.random.Generator | None = None) -> Floats:
        """Rounded, and saturated if the format is used so."""
        return self.cast(x, rounding, rng, saturate=self.saturating)

    def cast(self, x: Floats, rounding: Rounding = "nearest", rng: np.random.Generator | None = None,
             *, saturate: bool = False) -> Floats:  # fmt: skip
        """Rounded; what overflows becomes infinity where there is one, else NaN, else (finite formats) the largest.

        Saturating, only an infinity of a format that has infinities stays one.
        """
        if x.dtype == np.float32 and self.exponent == 8:  # as wide as FP32 itself
            if rounding == "nearest" and not saturate and self.specials == "ieee":
                return shortened(x, 23 - self.mantissa)
            return self.cast(x.astype(np.float64), rounding, rng, saturate=saturate).astype(np.float32)
        largest = x.dtype.type(self.largest)
        signed = rounding == "down"
        magnitude = x if signed else np.abs(x)
        with np.errstate(over="ignore", invalid="ignore"):
            magnitude = np.clip(magnitude, -4 * largest, 4 * largest)  # infinity has no step; NaN passes
            step = self._step(magnitude)
            whole = round_whole(magnitude / step, rounding, rng)
            if self.mantissa == 0 and rounding == "nearest":
                whole = self._even_power(magnitude / step, whole, step)
            rounded = whole * step
        beyond = largest if saturate or self.specials == "finite" else None
        if beyond is None:
            over = np.inf if self.specials == "ieee" else np.nan
            rounded = np.where(np.abs(rounded) > largest, np.copysign(x.dtype.type(over), rounded), rounded)
        else:
            rounded = np.clip(rounded, -beyond, beyond)
        if self.specials == "ieee":
            rounded = np.where(np.isinf(x), x, rounded)
        rounded = np.copysign(rounded, x)
        return rounded + x.dtype.type(0) if self.specials == "fnuz" else rounded  # -0 + 0 is +0

    def _step(self, magnitude: Floats) -> Floats:
        """The distance between neighbours at each place, a power of two; NaN where the place is NaN."""
        held = np.ascontiguousarray(magnitude)
        raw: Codes = held.view(np.int32) if held.dtype == np.float32 else held.view(np.int64)
        power = (
            (raw & raw.dtype.type(0x7F800000 if held.dtype == np.float32 else 0x7FF << 52))
            .view(held.dtype)
            .reshape(magnitude.shape)
        )
        kind = magnitude.dtype.type
        step: Floats = np.maximum(power, kind(self.smallest_normal)) * kind(2.0**-self.mantissa)
        return step

    def _even_power(self, ratio: Floats, whole: Floats, step: Floats) -> Floats:
        """Without mantissa bits a tie lies between two powers; the one whose exponent field is even is chosen."""
        field = np.frexp(step)[1] - 1 + self.bias
        return np.where(ratio == 1.5, np.where(field % 2 == 0, 1.0, 2.0).astype(ratio.dtype), whole)

    def codes(self, numbers: Floats) -> Codes:
        """The codes of numbers of this format."""
        magnitude = np.abs(numbers).astype(np.float64)
        finite = np.isfinite(magnitude)
        safe = np.where(finite, magnitude, 0.0)
        power = np.frexp(np.maximum(safe, self.smallest_normal))[1].astype(np.int64) - 1
        steps = np.ldexp(safe, self.mantissa - power).astype(np.int64)  # with the leading one of normal numbers
        code = ((power - 1 + self.bias) << self.mantissa) + steps
        sign = np.signbit(numbers).astype(np.int64) << (self.exponent + self.mantissa)
        top = ((2**self.exponent - 1) << self.mantissa) if self.specials == "ieee" else self._nan
        code = np.where(finite, code, np.where(np.isnan(numbers), self._nan, top))
        if self.specials == "fnuz":
            sign = np.where(finite & (magnitude > 0), sign, 0)
        return (code | sign).astype(np.uint8 if self.bits <= 8 else np.uint16)

    @property
    def _nan(self) -> int:
        """The code of NaN without its sign."""
        match self.specials:
            case "ieee":
                return (((1 << self.exponent) - 1) << self.mantissa) | (1 << max(self.mantissa - 1, 0))
            case "fn":
                return (1 << (self.exponent + self.mantissa)) - 1
            case "fnuz":
                return 1 << (self.exponent + self.mantissa)
            case _:
                return 0  # NaN cannot be stored

    def numbers(self, codes: Codes) -> Floats:
        """The numbers of codes."""
        return np.take(_table(self), codes)


def _value(field: int, fraction: int, kind: SmallFloat) -> float:
    if field == 0:
        return float(2.0 ** (1 - kind.bias - kind.mantissa) * fraction)
    return float(2.0 ** (field - kind.bias) * (1 + fraction / 2**kind.mantissa))


@cache
def _table(kind: SmallFloat) -> Floats:
    codes = np.arange(2**kind.bits)
    fraction = codes & (2**kind.mantissa - 1)
    field = (codes >> kind.mantissa) & (2**kind.exponent - 1)
    sign = np.where(codes >> (kind.bits - 1), -1.0, 1.0)
    normal = 2.0 ** (field - kind.bias) * (1 + fraction / 2.0**kind.mantissa)
    small = 2.0 ** (1 - kind.bias - kind.mantissa) * fraction
    value: Floats = sign * np.where(field == 0, small, normal)
    if kind.specials == "ieee":
        top = field == 2**kind.exponent - 1
        value = np.where(top, np.where(fraction == 0, sign * np.inf, np.nan), value)
    elif kind.specials == "fn":
        value[(codes & (2 ** (kind.bits - 1) - 1)) == 2 ** (kind.bits - 1) - 1] = np.nan
    elif kind.specials == "fnuz":
        value[2 ** (kind.bits - 1)] = np.nan
    value.flags.writeable = False
    return value


FLOATS: Final = {
    "fp16": SmallFloat(exponent=5, mantissa=10, specials="ieee", saturating=False),
    "bf16": SmallFloat(exponent=8, mantissa=7, specials="ieee", saturating=False),
    "fp8-e4m3": SmallFloat(exponent=4, mantissa=3, specials="fn"),
    "fp8-e5m2": SmallFloat(exponent=5, mantissa=2, specials="ieee"),
    "fp8-e4m3fnuz": SmallFloat(exponent=4, mantissa=3, specials="fnuz"),
    "fp8-e5m2fnuz": SmallFloat(exponent=5, mantissa=2, specials="fnuz"),
    "fp8-e4m3b11fnuz": SmallFloat(exponent=4, mantissa=3, specials="fnuz", extra_bias=3),
    "fp8-e4m3-ieee": SmallFloat(exponent=4, mantissa=3, specials="ieee"),
    "fp8-e3m4": SmallFloat(exponent=3, mantissa=4, specials="ieee"),
    "fp6-e3m2": SmallFloat(exponent=3, mantissa=2),
    "fp6-e2m3": SmallFloat(exponent=2, mantissa=3),
    "fp4-e2m1": SmallFloat(exponent=2, mantissa=1),
    "fp4-e3m0": SmallFloat(exponent=3, mantissa=0),
    "fp4-e1m2": SmallFloat(exponent=1, mantissa=2),
    "hfp8-forward": SmallFloat(exponent=4, mantissa=3, extra_bias=4),
    "hfp8-backward": SmallFloat(exponent=5, mantissa=2),
}
"""Float elements by name. The two of HFP8 keep the top exponent for numbers."""
