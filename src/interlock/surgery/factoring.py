"""Putting thin factors in the place of linear layers, alone or beside narrow weights.

source:  Guo et al. 2023, LQ-LoRA, algorithm 1 (alternate between quantizing what the factors leave and factoring what
         quantizing leaves; keep the best).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from interlock.surgery.applied import Ledger
from interlock.surgery.decoder import linears, replace
from interlock.surgery.factors import FactoredLinear, FactorStore, SumStore, factors, rank_for
from interlock.surgery.grid import IntegerGrid
from interlock.surgery.linear import QuantizedLinear, bias_of, checked
from interlock.surgery.rounding import factor
from interlock.surgery.statistics import InputStatistics, damped, objective
from interlock.surgery.stores import IntegerStore
from interlock.surgery.walk import Change, Group

Counted = dict[str, int]  # "held" and "all" elements


def share_of(counted: Counted) -> float:
    """What is held of all elements."""
    return counted["held"] / counted["all"]


def _factored(weight: Tensor, share: float, scaling: Tensor | None, bias: Tensor | None, counted: Counted) -> nn.Module:
    rank = rank_for(weight.shape[0], weight.shape[1], share)
    counted["held"] += rank * sum(weight.shape)
    counted["all"] += weight.numel()
    return FactoredLinear(FactorStore(*factors(weight, rank, scaling)), bias)


@torch.no_grad()
def factor_linears(model: nn.Module, share: float, ledger: Ledger, counted: Counted) -> None:
    """Factor every linear layer of the blocks by its own singular values."""
    for name, linear in linears(model).items():
        (weight,) = checked({name: linear}).values()
        made = _factored(weight, share, None, bias_of(linear), counted)
        ledger.enter(name, made)
        replace(model, name, made)


def factoring_change(
    ledger: Ledger, share: float, scaling: Callable[[InputStatistics], Tensor], counted: Counted
) -> Change:
    """A change for `rebuild`; the ledger's `nearest` is the error of factors that do not look at the inputs."""

    def change(group: Group, statistics: InputStatistics) -> Mapping[str, nn.Module]:
        hessian, found = statistics.hessian, {}
        scale = scaling(statistics)
        for name, weight in checked(group.linears).items():
            made = _factored(weight, share, scale, bias_of(group.linears[name]), counted)
            left, right = factors(weight, rank_for(weight.shape[0], weight.shape[1], share))
            given = objective(made.weight - weight, hessian)  # type: ignore[operator]
            ledger.enter(name, made, objective(left @ right - weight, hessian), given)
            found[name] = made
        return found

    return change


def whitening(damping: float) -> Callable[[InputStatistics], Tensor]:
    """S with S S^T = H, damped."""

    def scale(statistics: InputStatistics) -> Tensor:
        hessian = damped(statistics.hessian, damping)
        factor(hessian)  # refuses one that is not positive definite
        root: Tensor = torch.linalg.cholesky(hessian.double())
        return root

    return scale


def magnitudes(power: float) -> Callable[[InputStatistics], Tensor]:
    """Mean magnitudes to a power, as a diagonal."""
    return lambda statistics: statistics.mean_magnitude.clamp_min(1e-8).pow(power)


def narrow_and_thin(weight: Tensor, grid: IntegerGrid, rank: int, rounds: int) -> tuple[SumStore, list[float]]:
    """Weights as narrow plus thin; squared errors of each round, the best of which is kept."""
    left, right = torch.zeros(len(weight), rank), torch.zeros(rank, weight.shape[1])
    best: SumStore | None = None
    errors: list[float] = []
    for _ in range(rounds):
        narrow = IntegerStore.nearest(weight - left @ right, grid)
        left, right = factors(weight - narrow.dequantize(), rank)
        store = SumStore(narrow, FactorStore(left, right))
        error = float((store.dequantize() - weight).square().sum())
        if best is None or error < min(errors):
            best = store
        errors.append(error)
    assert best is not None
    return best, errors


@torch.no_grad()
def decompose_linears(
    model: nn.Module, grid: IntegerGrid, rank: int, rounds: int, ledger: Ledger, counted: Counted
) -> None:
    """Every linear layer of the blocks as narrow plus thin."""
    for name, linear in linears(model).items():
        (weight,) = checked({name: linear}).values()
        thin = min(rank, *weight.shape)
        store, _ = narrow_and_thin(weight, grid, thin, rounds)
        counted["held"] += thin * sum(weight.shape)
        counted["all"] += weight.numel()
        made = QuantizedLinear(store, bias_of(linear))
        ledger.enter(name, made)
        replace(model, name, made)
