"""Block floating point: short sign-magnitude integers that share an exponent, as MSFP stores them.

symbols: m mantissa bits beside the sign; exponent e of the largest magnitude, 2^(e-1) <= a < 2^e; value = +-M 2^(e -
         m).
keeps:   the shared exponent is one byte, E8M0; 2^(e - m) of values near 2^-127 is clamped there. A dot product of two
         boxes is that of the integers, shifted once.
source:  Rouhani et al. 2020, Pushing the limits of narrow precision inferencing, section 3 (MSFP11 to MSFP16).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from interlock.numerics.arrays import Floats
from interlock.numerics.blocks import blocks
from interlock.numerics.codec import Encoded
from interlock.numerics.integers import Integer
from interlock.numerics.microscaling import PowerScale, powers
from interlock.numerics.rounding import Rounding
from interlock.numerics.scaled import ScaledCodec

BOX: Final = 16


def block_float(name: str, mantissa: int, *, group: int = BOX, rounding: Rounding = "nearest",
                seed: int = 0) -> ScaledCodec:  # fmt: skip
    """A codec of so many mantissa bits beside the sign: 3 for MSFP12, 7 for MSFP16."""
    element = Integer(bits=1 + mantissa, sign_magnitude=True)
    return ScaledCodec(name=name, element=element, scale=PowerScale(rule="floor"), group=group, rounding=rounding,
                       seed=seed)  # fmt: skip


def box_integers(codec: ScaledCodec, stored: Encoded) -> tuple[NDArray[np.int64], Floats]:
    """The signed integers (boxes, width) and the power of two of each box."""
    cut = blocks(stored.shape, stored.axis, codec.group)
    whole = cut.filled(codec.element.numbers(codec.codes(stored)))
    return whole.astype(np.int64), powers(stored.parts["scales"])


def box_dot(codec: ScaledCodec, a: Encoded, b: Encoded) -> float:
    """The dot product of two vectors as the hardware forms it: integers within a box, one shift a pair of boxes."""
    (p, s), (q, t) = box_integers(codec, a), box_integers(codec, b)
    return float(((p * q).sum(axis=1) * (s * t)).sum())
