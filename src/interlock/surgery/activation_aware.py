"""Scales and ranges that make the outputs of rounded layers err least, searched on a grid.

source:  Lin et al. 2023, AWQ, section 3.2; the reference code's searches (20 exponents; ranges down to one half).
symbols: H = 2 X^T X / n; scaling inputs by 1/s makes it H_ij / (s_i s_j); dW the change of the scaled weights.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

from interlock.surgery.applied import Ledger
from interlock.surgery.decoder import replace
from interlock.surgery.grid import IntegerGrid
from interlock.surgery.linear import QuantizedLinear, bias_of, checked
from interlock.surgery.scaling import pairs
from interlock.surgery.statistics import InputStatistics, objective
from interlock.surgery.stores import IntegerStore
from interlock.surgery.walk import Group

SHRINKS: Final = tuple(1 - step / 20 for step in range(10))
UNCLIPPED: Final = ("q_proj", "k_proj", "query_key_value")  # as the reference: attention scores suffer from clipping


def scale_and_round(
    model: nn.Module,
    known: list[tuple[Group, InputStatistics]],
    grid: IntegerGrid,
    ledger: Ledger,
    *,
    steps: int,
    clip: bool,
) -> None:
    """Scale one block where a layer before can take the factor, then round its layers."""
    weights = {name: weight for group, _ in known for name, weight in checked(group.linears).items()}
    before = {name: weight.clone() for name, weight in weights.items()}
    place = {name: index for index, (group, _) in enumerate(known) for name in group.linears}
    hessians = [statistics.hessian for _, statistics in known]
    factors = [torch.ones(len(hessian)) for hessian in hessians]
    divided: dict[str, Tensor] = {}  # rows of layers whose outputs were divided, so that errors compare
    for pair in pairs(known[0][0].block):
        index = place[next(iter(pair.readers))]
        read = torch.cat([weights[name] for name in pair.readers])
        factor = best_factor(read, hessians[index], known[index][1].mean_magnitude, grid, steps)
        pair.scale(factor)  # changes the weights in place, which `weights` sees
        factors[index] = factor
        if not pair.is_norm:
            divided[pair.source_name] = factor.unsqueeze(1)
    for index, (group, _) in enumerate(known):
        scaled = hessians[index] / torch.outer(factors[index], factors[index])
        for name, linear in group.linears.items():
            clipped = clip and not name.endswith(UNCLIPPED)
            shrink = best_shrink(weights[name], scaled, grid) if clipped else 1.0
            made = QuantizedLinear(IntegerStore.nearest(weights[name], grid, shrink), bias_of(linear))
            change = (made.weight - weights[name]) * divided.get(name, 1.0)
            nearest = grid.nearest(before[name]) - before[name]
            ledger.enter(name, made, objective(nearest, hessians[index]), objective(change, scaled))
            replace(model, name, made)


def best_factor(weight: Tensor, hessian: Tensor, magnitude: Tensor, grid: IntegerGrid, steps: int) -> Tensor:
    """s = mean|X|^alpha for the alpha in [0, 1) with the least output error."""
    best, least = torch.ones_like(magnitude), float("inf")
    for step in range(steps):
        factor = magnitude.clamp_min(1e-4) ** (step / steps)
        factor = (factor / (factor.max() * factor.min()).sqrt()).clamp_min(1e-4)
        change = grid.nearest(weight * factor) / factor - weight
        error = objective(change, hessian)
        if error < least:
            best, least = factor, error
    return best


def best_shrink(weight: Tensor, hessian: Tensor, grid: IntegerGrid) -> Tensor:
    """The share of each group's range, [rows, groups], with the least error of that group's part of the output."""
    rows, columns = weight.shape
    count = grid.groups(columns)
    size = columns // count
    corners = torch.stack([hessian[at : at + size, at : at + size] for at in range(0, columns, size)])
    best, least = torch.ones(rows, count), torch.full((rows, count), float("inf"))
    for shrink in SHRINKS:
        change = (grid.nearest(weight, shrink) - weight).view(rows, count, size).transpose(0, 1)
        error = ((change @ corners) * change).sum(2).T
        better = error < least
        best[better], least[better] = shrink, error[better]
    return best
