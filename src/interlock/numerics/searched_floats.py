"""LLM-FP4: the split of four bits into exponent and mantissa, and the range, searched for each tensor; shifted biases.

symbols: b~ a real exponent bias: numbers 2^(E - b~) (1 + M / 2^m), the same as a real scale 2^-b~ times an integer
         bias. c_j whole exponent of channel j: 2^c_j moves from the activations' channels into the weights' rows.
keeps:   the range is searched for the least squared error of the tensor itself. departs: the paper then re-searches
         for the least error of the layer's output, which needs calibration data.
source:  Liu et al. 2023, LLM-FP4, sections 3.2 (search) and 3.3 (pre-shifted exponent bias, equations 11 to 13).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from interlock.errors import InputError
from interlock.numerics.arrays import Floats
from interlock.numerics.blocks import Group
from interlock.numerics.chosen import ChosenCodec
from interlock.numerics.small_floats import SmallFloat


def searched_float(name: str = "llm-fp4", *, bits: int = 4, group: Group = "channel") -> ChosenCodec:
    """Every split with at least one exponent bit competes, each with its best range."""
    splits = range(1, bits)
    found = tuple((f"E{e}M{bits - 1 - e}", SmallFloat(exponent=e, mantissa=bits - 1 - e)) for e in splits)
    return ChosenCodec(name=name, candidates=found, group=group, ratios=tuple(np.linspace(0.2, 1.0, 41).tolist()))


def channel_exponents(activations: Floats, bits: int = 2) -> NDArray[np.int64]:
    """c_j of each channel (last axis): how many octaves its largest magnitude is below the largest of all, negated.

    At most 2^bits - 1 octaves, what an exponent field of so many bits can hold.

    Raises:
        InputError: not a matrix of tokens by channels.
    """
    if activations.ndim != 2 or not activations.size:
        raise InputError("activations", f"the shape {activations.shape}", "tokens by channels, at least one of each")
    largest = np.abs(activations).max(axis=0)
    octaves = np.frexp(np.where(largest > 0, largest, largest.max(initial=1.0)))[1]
    below = np.clip(octaves.max() - octaves, 0, 2**bits - 1)
    found: NDArray[np.int64] = np.negative(below.astype(np.int64))
    return found


def shifted(activations: Floats, weight: Floats, exponents: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Activations with channel j divided by 2^c_j, and the weight (channels by outputs) with row j multiplied by it.

    Both are exact, and so the product is the same: what a bias for each channel of activations would give.
    """
    kind = activations.dtype.type
    return activations * np.ldexp(kind(1), -exponents), weight * np.ldexp(weight.dtype.type(1), exponents)[:, None]
