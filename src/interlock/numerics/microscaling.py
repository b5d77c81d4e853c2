"""Scales that are powers of two in one byte (E8M0), as the Microscaling formats and block floating point share them.

symbols: a largest magnitude of a block, E = floor(log2 largest number of the element), L that largest number.
         floor: 2^(floor(log2 a) - E), what the specification asks for at least; values above L 2^... saturate.
         ceil:  2^(ceil(log2 a) - E). rceil: 2^ceil(log2(a / L)), nothing saturates. even: as floor, after a is
                rounded to
         the element's mantissa.
keeps:   E8M0 holds 2^-127 to 2^127, clamped; code 255 is NaN and marks a block that held NaN or an infinity (the
         specification leaves both to the implementation).
sources: OCP Microscaling Formats 1.0, sections 5 and 6.3; Rouhani et al. 2023; Mishra et al. 2025 (rceil); MSFP:
         Rouhani et al. 2020.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np

from interlock.errors import InputError
from interlock.numerics.arrays import Bytes, Floats
from interlock.numerics.elements import Element
from interlock.numerics.integers import Integer
from interlock.numerics.rounding import Rounding
from interlock.numerics.scaled import ScaledCodec
from interlock.numerics.scales import Factors, ScaleRule, Stored
from interlock.numerics.small_floats import FLOATS

PowerRule = Literal["floor", "rceil", "ceil", "even"]
BLOCK: Final = 32
_NAN: Final = 255
ELEMENTS: Final[dict[str, Element]] = {
    "mxfp8": FLOATS["fp8-e4m3"],
    "mxfp8-e5m2": FLOATS["fp8-e5m2"],
    "mxfp6": FLOATS["fp6-e2m3"],
    "mxfp6-e3m2": FLOATS["fp6-e3m2"],
    "mxfp4": FLOATS["fp4-e2m1"],
    "mxint8": Integer(bits=8, unit=2.0**-6),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerScale(ScaleRule):
    """One byte of exponent for each group."""

    rule: PowerRule = "floor"

    def fit(self, largest: Floats, element: Element) -> Factors:
        """Powers of two by the rule."""
        exponent = self._exponent(np.nan_to_num(largest), element)
        exponent = np.where(largest == 0, -127, np.clip(exponent, -127, 127))
        codes = np.where(np.isnan(largest), _NAN, exponent + 127).astype(np.uint8)
        return Factors(up=powers(codes).astype(largest.dtype), parts={"scales": codes})

    def _exponent(self, largest: Floats, element: Element) -> np.ndarray:
        if self.rule == "rceil":
            fraction, power = np.frexp(largest / largest.dtype.type(element.largest))
            least: np.ndarray = power - (fraction == 0.5)
            return least
        fraction, power = np.frexp(largest)
        floor = power - 1 - element.top_exponent
        if self.rule == "ceil":
            return floor + (fraction > 0.5)
        if self.rule == "even":
            return floor + (fraction + 2.0 ** -(element.mantissa_bits + 2) >= 1.0)
        return floor

    def read(self, parts: Stored, once: Stored, dtype: str) -> Floats:
        """The powers of stored bytes."""
        return powers(parts["scales"]).astype(dtype)


def powers(codes: Bytes) -> Floats:
    """The values of E8M0 codes."""
    return np.where(codes == _NAN, np.nan, np.ldexp(1.0, codes.astype(np.int32) - 127))


def microscaling(name: str, *, scale_rule: PowerRule = "floor", group: int = BLOCK, rounding: Rounding = "nearest",
                 seed: int = 0) -> ScaledCodec:  # fmt: skip
    """A Microscaling codec: "mxfp8", "mxfp8-e5m2", "mxfp6" (E2M3), "mxfp6-e3m2", "mxfp4", "mxint8".

    Raises:
        InputError: no such scale rule.
    """
    if scale_rule not in get_args(PowerRule):
        raise InputError("scale rule", repr(scale_rule), f"one of {', '.join(get_args(PowerRule))}")
    return ScaledCodec(name=name, element=ELEMENTS[name], scale=PowerScale(rule=scale_rule), group=group,
                       rounding=rounding, seed=seed)  # fmt: skip
