"""Rounding the layers of a group together: one Hessian, one factorization, one pass over the columns.

idea:  rows do not influence each other, so layers that read the same input are one tall matrix.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from interlock.surgery.applied import Ledger
from interlock.surgery.grid import IntegerGrid
from interlock.surgery.linear import QuantizedLinear, bias_of, checked
from interlock.surgery.statistics import InputStatistics, objective
from interlock.surgery.stores import IntegerStore
from interlock.surgery.walk import Change, Group

Rounding = Callable[[Tensor, Tensor], IntegerStore]


def rounding_together(ledger: Ledger, grid: IntegerGrid, rounding: Rounding) -> Change:
    """A change for `rebuild` that rounds a group with its Hessian and notes both objectives."""

    def change(group: Group, statistics: InputStatistics) -> Mapping[str, nn.Module]:
        weights = checked(group.linears)
        hessian = statistics.hessian
        found: dict[str, nn.Module] = {}
        for name, store in zip(
            weights, split_rows(rounding(torch.cat([*weights.values()]), hessian), weights), strict=True
        ):
            made = QuantizedLinear(store, bias_of(group.linears[name]))
            weight = weights[name]
            ledger.enter(
                name,
                made,
                nearest=objective(grid.nearest(weight) - weight, hessian),
                objective=objective(made.weight - weight, hessian),
            )
            found[name] = made
        return found

    return change


def split_rows(store: IntegerStore, weights: Mapping[str, Tensor]) -> list[IntegerStore]:
    """A tall store as one for each layer."""
    return store.rows_in([len(weight) for weight in weights.values()])
