"""Rounding a layer's inputs: per token when they come, or with one scale found beforehand.

symbols: x inputs [..., features]; b bits. Symmetric: s = clip max|x| / (2^(b-1) - 1), x -> s round(x / s). Asymmetric:
         s = clip (max - min) / (2^b - 1) with a whole zero point.
keeps:   an input of zeros stays zero; the result takes at most 2^b values a token or group.
source:  per token, dynamic: Dettmers et al. 2022, LLM.int8(), section 2.1; static, per tensor: Xiao et al. 2022,
         SmoothQuant, section 2.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from interlock.errors import InputError
from interlock.surgery.linear import Step

TINY: Final = 1e-12


class TokenQuantizer(Step):
    """One scale for each token, or for each group of a token's features, found when the token comes."""

    def __init__(self, bits: int, *, symmetric: bool = True, group_size: int = 0, clip: float = 1.0) -> None:
        super().__init__()
        if not 2 <= bits <= 8:
            raise InputError("activation bits", str(bits), "2 to 8")
        self.bits, self.symmetric, self.group_size, self.clip = bits, symmetric, group_size, clip

    def forward(self, x: Tensor) -> Tensor:
        """Round [..., features]."""
        if not self.group_size:
            return round_last(x, self.bits, symmetric=self.symmetric, clip=self.clip)
        grouped = x.reshape(*x.shape[:-1], -1, self.group_size)
        return round_last(grouped, self.bits, symmetric=self.symmetric, clip=self.clip).view(x.shape)


class TensorQuantizer(Step):
    """One scale for all inputs, fixed by calibration; what exceeds it is clipped."""

    scale: Tensor

    def __init__(self, bits: int, largest: float) -> None:
        super().__init__()
        self.bits = bits
        self.register_buffer("scale", torch.tensor(max(largest / (2 ** (bits - 1) - 1), TINY)))

    def forward(self, x: Tensor) -> Tensor:
        """Round [..., features]."""
        most = (1 << (self.bits - 1)) - 1
        return (x / self.scale).round_().clamp_(-most - 1, most).mul_(self.scale)

    def stored_bytes(self) -> dict[str, int]:
        """The scale."""
        return {"input scales": self.scale.nbytes}


class FloatTokenQuantizer(Step):
    """E4M3 with one scale for each token, which takes its largest magnitude to 448."""

    def forward(self, x: Tensor) -> Tensor:
        """Round [..., features]."""
        limit = torch.finfo(torch.float8_e4m3fn).max
        scale = (x.abs().amax(-1, keepdim=True) / limit).clamp_min_(TINY)
        return (x / scale).clamp_(-limit, limit).to(torch.float8_e4m3fn).to(x.dtype).mul_(scale)


def round_last(x: Tensor, bits: int, *, symmetric: bool = True, clip: float = 1.0) -> Tensor:
    """Round along the last axis, one scale for each row of it."""
    if symmetric:
        most = (1 << (bits - 1)) - 1
        scale = (x.abs().amax(-1, keepdim=True) * (clip / most)).clamp_min_(TINY)
        return (x / scale).round_().clamp_(-most - 1, most).mul_(scale)
    top = (1 << bits) - 1
    low, high = x.amin(-1, keepdim=True).clamp_(max=0) * clip, x.amax(-1, keepdim=True).clamp_(min=0) * clip
    scale = ((high - low) / top).clamp_min_(TINY)
    zero = (-low / scale).round_()
    return (x / scale).round_().add_(zero).clamp_(0, top).sub_(zero).mul_(scale)
