"""Thin adapters beside frozen layers, trained and then added to the weights.

source:  Hu et al. 2021, LoRA, section 4.1: y = x W^T + (a / r) x A^T B^T, B zero and A Gaussian at the start.
keeps:   layers without a gradient of their own; after training, plain layers of the same shape.
departs: a / r is 1.
"""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from interlock.surgery.calibration import Calibration
from interlock.surgery.decoder import linears, replace
from interlock.surgery.linear import bias_of, checked
from interlock.surgery.training import train


class AdaptedLinear(nn.Module):
    """A frozen layer and its adapter."""

    stands_for_linear: ClassVar[bool] = True
    weight: Tensor
    bias: Tensor | None

    def __init__(self, weight: Tensor, bias: Tensor | None, rank: int, generator: torch.Generator) -> None:
        super().__init__()
        self.out_features, self.in_features = weight.shape
        thin = min(rank, *weight.shape)
        self.register_buffer("weight", weight.clone())
        self.register_buffer("bias", None if bias is None else bias.clone())
        self.right = nn.Parameter(torch.randn(thin, weight.shape[1], generator=generator) * weight.shape[1] ** -0.5)
        self.left = nn.Parameter(torch.zeros(len(weight), thin))

    def forward(self, x: Tensor) -> Tensor:
        """[..., columns] to [..., rows]."""
        thin = functional.linear(functional.linear(x, self.right), self.left)
        return functional.linear(x, self.weight, self.bias) + thin

    @torch.no_grad()
    def merged(self) -> nn.Linear:
        """One plain layer that computes the same."""
        made = nn.Linear(self.in_features, self.out_features, bias=self.bias is not None)
        made.weight.copy_(self.weight + self.left @ self.right)
        if self.bias is not None:
            made.bias.copy_(self.bias)
        return made.eval()


def train_adapters(model: nn.Module, calibration: Calibration, rank: int, **settings: Any) -> list[float]:
    """Train an adapter beside every linear layer of the blocks, and merge it; returns the losses."""
    generator = torch.Generator().manual_seed(calibration.seed)
    made: dict[str, AdaptedLinear] = {}
    for name, linear in linears(model).items():
        (weight,) = checked({name: linear}).values()
        made[name] = AdaptedLinear(weight, bias_of(linear), rank, generator)
        replace(model, name, made[name])
    trained = [part for layer in made.values() for part in (layer.left, layer.right)]
    try:
        return train(model, calibration, trained, **settings)
    finally:
        for name, layer in made.items():
            replace(model, name, layer.merged())
