"""Hybrid FP8 as IBM's RaPiD computes it: 1-4-3 with four more of bias forward, 1-5-2 for gradients backward.

keeps: no scales: 1-4-3 covers 2^-10 (2^-13 with subnormals) to 30, where weights and activations lie; gradients need
       the range of 1-5-2 and loss scaling. Products are summed in wider precision.
source: Sun et al. 2019, Hybrid 8-bit floating point (HFP8) training and inference, sections 2 and 3.1. departs:
        subnormal numbers are kept in both, and the topmost code is a number in both.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from interlock.numerics.rounding import Rounding
from interlock.numerics.scaled import ScaledCodec
from interlock.numerics.scales import NoScale
from interlock.numerics.small_floats import FLOATS


def unscaled_float(name: str, *, rounding: Rounding = "nearest", seed: int = 0) -> ScaledCodec:
    """A float of `FLOATS` stored as it is, without any scale."""
    return ScaledCodec(name=name, element=FLOATS[name], scale=NoScale(), group="tensor", rounding=rounding, seed=seed)


@dataclass(frozen=True, slots=True, kw_only=True)
class HybridFp8:
    """Which codec a tensor of a training step gets."""

    forward: ScaledCodec = field(default_factory=lambda: unscaled_float("hfp8-forward"))
    backward: ScaledCodec = field(default_factory=lambda: unscaled_float("hfp8-backward"))
