"""Powers of two and finer logarithmic numbers: a sign, and an exponent in steps of 1 / g of an octave.

symbols: b bits, g steps an octave; numbers 0 and +-2^(-k / g) for k = 0 ... 2^(b-1) - 2. g = 1: multiplying is
         shifting.
keeps:   rounding is to the nearest number, not to the nearest exponent; the scale maps the largest magnitude to 1.
sources: Zhou et al. 2017, Incremental network quantization (powers of two); Miyashita et al. 2016 (base 2 and its
         roots); Zhao et al. 2022, LNS-Madam (steps of 1/8 octave).
"""

from __future__ import annotations

import numpy as np

from interlock.errors import InputError
from interlock.numerics.blocks import Group
from interlock.numerics.rounding import Rounding
from interlock.numerics.scaled import ScaledCodec
from interlock.numerics.scales import FloatScale
from interlock.numerics.tables import Table


def logarithmic_element(bits: int, steps: int = 1) -> Table:
    """The numbers and their codes: the sign above the exponent, 0 where the exponent field is all ones.

    Raises:
        InputError: a width that is not from 2 to 12, or no steps.
    """
    if not 2 <= bits <= 12:
        raise InputError("bits", str(bits), "2 to 12 bits for a logarithmic format")
    if steps < 1:
        raise InputError("steps", str(steps), "1 or more steps an octave")
    exponents = np.arange(2 ** (bits - 1) - 1)
    above = 2.0 ** (-exponents / steps)
    sign = 2 ** (bits - 1)
    numbers = np.concatenate([-above, [0.0], above[::-1]])
    codes = np.concatenate([exponents + sign, [sign - 1], exponents[::-1]])
    return Table(bits=bits, sorted_numbers=tuple(numbers.tolist()), order=tuple(codes.tolist()))


def logarithmic(name: str, bits: int, steps: int = 1, *, group: Group = "channel", rounding: Rounding = "nearest",
                seed: int = 0) -> ScaledCodec:  # fmt: skip
    """A codec of powers of two (one step) or of finer steps, one fp32 scale a channel."""
    scale = FloatScale(counted=isinstance(group, int))
    return ScaledCodec(name=name, element=logarithmic_element(bits, steps), scale=scale, group=group, rounding=rounding,
                       seed=seed)  # fmt: skip
