"""Layers that are trained as they will be rounded.

source:  straight-through estimator: Bengio et al. 2013; Jacob et al. 2018, section 3. Learned steps: Esser et al. 2020,
         LSQ, section 2, equations 1 to 3, with the gradient scale 1 / sqrt(weights of a step * Qp).
keeps:   the forward pass sees exactly the weights that will be stored, steps in fp16 included.
departs: learned steps begin where rounding to nearest has them, not at 2 mean|w| / sqrt(Qp), which for groups of a few
         dozen weights loses more than a short run can mend. A step's value in fp16 is a rounding of its own, passed
         straight through.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from interlock.surgery.applied import Ledger
from interlock.surgery.calibration import Calibration
from interlock.surgery.decoder import linears, replace
from interlock.surgery.grid import LARGEST, SMALLEST, IntegerGrid
from interlock.surgery.linear import QuantizedLinear, bias_of, checked
from interlock.surgery.stores import IntegerStore
from interlock.surgery.training import train


class RoundedLinear(nn.Module):
    """Rounds its weights in the forward pass and passes their gradient straight through."""

    stands_for_linear: ClassVar[bool] = True

    def __init__(self, weight: Tensor, bias: Tensor | None, grid: IntegerGrid) -> None:
        super().__init__()
        self.grid = grid
        self.out_features, self.in_features = weight.shape
        self.weight = nn.Parameter(weight.clone())
        self.register_buffer("bias", bias)

    def use(self, grid: IntegerGrid) -> None:
        """Round to this grid from now on."""
        self.grid = grid

    def rounded(self) -> Tensor:
        """The weights that will be stored, differentiable."""
        with torch.no_grad():
            change = self.grid.nearest(self.weight) - self.weight
        return self.weight + change

    def forward(self, x: Tensor) -> Tensor:
        """[..., columns] to [..., rows]."""
        bias = self.bias
        return functional.linear(x, self.rounded(), bias if isinstance(bias, Tensor) else None)

    @torch.no_grad()
    def store(self) -> IntegerStore:
        """The trained weights, rounded and packed."""
        return IntegerStore.nearest(self.weight, self.grid)


class LearnedStepLinear(RoundedLinear):
    """Learns the step of each group together with the weights."""

    def __init__(self, weight: Tensor, bias: Tensor | None, grid: IntegerGrid) -> None:
        super().__init__(weight, bias, grid)
        grouped = weight.view(len(weight), grid.groups(weight.shape[1]), -1)
        self.most = 2 ** (grid.bits - 1) - 1
        self.share = 1 / math.sqrt(grouped.shape[2] * self.most)
        self.step = nn.Parameter(grid.fit(weight)[0])

    @torch.no_grad()
    def use(self, grid: IntegerGrid) -> None:
        """Round to this grid from now on, with steps fitted anew if it is another one."""
        if grid != self.grid:
            self.grid, self.most = grid, 2 ** (grid.bits - 1) - 1
            self.step.copy_(grid.fit(self.weight)[0])

    def _step(self) -> Tensor:
        """The step as stored, with a scaled gradient."""
        scaled = self.step * self.share
        with torch.no_grad():
            change = self.step.clamp(SMALLEST, LARGEST).half().float() - scaled
        return scaled + change

    def rounded(self) -> Tensor:
        """The weights that will be stored, differentiable in weights and steps."""
        step = self._step().unsqueeze(2)
        ratio = (self.weight.view(len(self.weight), step.shape[1], -1) / step).clamp(-self.most - 1, self.most)
        whole = ratio + (ratio.round() - ratio).detach()
        return (whole * step).view_as(self.weight)

    @torch.no_grad()
    def store(self) -> IntegerStore:
        """The trained weights, rounded and packed."""
        scale = self._step()
        zero = torch.full_like(scale, float(2 ** (self.grid.bits - 1)))
        return IntegerStore(self.grid.codes(self.weight, scale, zero), scale, zero, self.grid)


def train_rounded(
    model: nn.Module,
    calibration: Calibration,
    grids: Sequence[IntegerGrid],
    kind: type[RoundedLinear],
    ledger: Ledger,
    settings: Mapping[str, float],
) -> list[float]:
    """Train all linear layers of the blocks as they will be rounded, then round them; returns the losses.

    Grids take turns for an equal share of the steps each; weights are stored on the last one.
    """
    made: dict[str, RoundedLinear] = {}
    for name, linear in linears(model).items():
        (weight,) = checked({name: linear}).values()
        made[name] = kind(weight, bias_of(linear), grids[0])
        replace(model, name, made[name])
    trained = [parameter for layer in made.values() for parameter in layer.parameters()]

    def narrower(step: int) -> None:
        grid = grids[step * len(grids) // int(settings["steps"])]
        for layer in made.values():
            layer.use(grid)

    losses = train(
        model,
        calibration,
        trained,
        each_step=narrower,
        steps=int(settings["steps"]),
        batch=int(settings["batch"]),
        learning_rate=settings["learning_rate"],
    )
    for name, layer in made.items():
        finished = QuantizedLinear(layer.store(), bias_of(layer))
        ledger.enter(name, finished)
        replace(model, name, finished)
    last = sum(losses[-5:]) / len(losses[-5:])
    ledger.notes.append(f"trained {len(losses)} steps, loss {losses[0]:.4f} to {last:.4f}")
    return losses
