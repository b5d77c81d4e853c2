"""ANT: for each tensor the 4-bit type that errs least: integer, power of two, float, or flint.

symbols: flint of n bits without sign: a code below 2^(n-1) is itself; above, zeros behind the first one raise the
         exponent: 1 0...0 is 2^(2(n-1)), and 1 0^z 1 F is 2^(n-1+z) (1 + F / 2^|F|). One leading-zero count decodes it.
keeps:   signed types are a sign above the magnitude; the code of -0 is not used. Scales are searched a channel at a
         time, the type is one for the tensor.
source:  Guo et al. 2022, ANT (its flint type and its selection of types).
"""

from __future__ import annotations

import numpy as np

from interlock.numerics.blocks import Group
from interlock.numerics.chosen import ChosenCodec
from interlock.numerics.integers import Integer
from interlock.numerics.power_of_two import logarithmic_element
from interlock.numerics.small_floats import SmallFloat
from interlock.numerics.tables import Table


def flint(code: int, bits: int) -> int:
    """The integer of a flint code without sign."""
    first = 1 << (bits - 1)
    if not code & first:
        return code
    rest = code ^ first
    if rest == 0:
        return 1 << (2 * (bits - 1))
    fraction = rest.bit_length() - 1  # bits behind the second one, which ends the run of zeros
    zeros = bits - 2 - fraction
    return (1 << (bits - 1 + zeros - fraction)) * rest


def flint_code(number: int, bits: int) -> int:
    """The code of an integer that flint has.

    Raises:
        ValueError: flint does not have it.
    """
    known = [flint(code, bits) for code in range(2**bits)]
    return known.index(number)


def flint_element(bits: int) -> Table:
    """Signed flint: a sign, and flint of one bit less."""
    codes = np.arange(2 ** (bits - 1))
    magnitudes = np.array([flint(int(code), bits - 1) for code in codes], dtype=float)
    rank = np.argsort(magnitudes)
    above = rank[magnitudes[rank] > 0]
    numbers = [*(-magnitudes[above])[::-1], 0.0, *magnitudes[above]]
    order = [*(above + 2 ** (bits - 1))[::-1], 0, *above]
    return Table(bits=bits, sorted_numbers=tuple(map(float, numbers)), order=tuple(map(int, order)))


def ant(name: str = "ant4", *, bits: int = 4, group: Group = "channel") -> ChosenCodec:
    """The adaptive codec: integer, power of two, float (two exponent bits) and flint compete."""
    candidates = (
        ("int", Integer(bits=bits)),
        ("power of two", logarithmic_element(bits)),
        ("float", SmallFloat(exponent=2, mantissa=bits - 3)),
        ("flint", flint_element(bits)),
    )
    return ChosenCodec(name=name, candidates=candidates, group=group)
