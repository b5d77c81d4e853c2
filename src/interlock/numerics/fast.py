"""FAST: block floating point of 2 or 4 mantissa bits by need, rounded by lot, for every tensor of a training step.

symbols: r(X) = sum |bfp(X, 4) - bfp(X, 2)| / sum |bfp(X, 2)|, how much the wide mantissa changes a tensor. While r is
         above a threshold that falls with layers and iterations, 4 bits are used.
keeps:   groups of 16, one exponent byte each. departs: the paper's hardware narrows the exponent to 3 bits a group
         under a bias for the tensor; a byte loses nothing. Random bits come from a seeded generator in place of an
         LFSR.
source:  Zhang et al. 2022, FAST: DNN training under variable precision block floating point with stochastic rounding.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from interlock.numerics.arrays import Floats
from interlock.numerics.block_floats import block_float
from interlock.numerics.rounding import Rounding
from interlock.numerics.scaled import ScaledCodec

NARROW: Final = 2
WIDE: Final = 4


def fast_bfp(name: str, mantissa: int, *, rounding: Rounding = "stochastic", seed: int = 0) -> ScaledCodec:
    """The codec of one width."""
    return block_float(name, mantissa, rounding=rounding, seed=seed)


def relative_improvement(x: Floats, axis: int = -1) -> float:
    """r(X), rounding to nearest so that the choice does not depend on chance."""
    narrow, wide = (block_float("", bits).quantize(x, axis) for bits in (NARROW, WIDE))
    total = float(np.abs(narrow).sum())
    return float(np.abs(wide - narrow).sum()) / total if total > 0 else 0.0


def chosen_mantissa(x: Floats, threshold: float, axis: int = -1) -> int:
    """4 bits where they would change the tensor by more than the threshold, else 2."""
    return WIDE if relative_improvement(x, axis) > threshold else NARROW


def falling_threshold(layer: int, layers: int, step: int, steps: int, first: float = 0.6, fall: float = 0.3) -> float:
    """The threshold of a layer and iteration: `first` less shares of `fall` for depth and for progress."""
    return first - fall * (layer / max(layers, 1)) - fall * (step / max(steps, 1))
