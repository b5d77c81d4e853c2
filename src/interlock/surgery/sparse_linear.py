"""Pruned layers in sparse storage: kept values and where they were, in the bytes that the format counts.

keeps: what is stored is what the mask left, rounded to the format's values; a weight outside the mask is exactly zero.
source: Sun et al. 2023, Wanda, equation 1 (|W| times the norm of its input); Zhang et al. 2024, Plug-and-Play
        (relative importance, channel permutation).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from interlock.errors import InputError
from interlock.numerics.codecs import codec
from interlock.surgery.applied import Ledger
from interlock.surgery.codec_store import CodecStore
from interlock.surgery.decoder import linears, replace
from interlock.surgery.linear import QuantizedLinear, bias_of, checked
from interlock.surgery.permutation import balanced_order
from interlock.surgery.sparse_masks import Pattern, chosen_mask, read_pattern
from interlock.surgery.statistics import InputStatistics, objective
from interlock.surgery.stores import ColumnsStore, Store
from interlock.surgery.walk import Change, Group


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """A layer after pruning: weights, mask, and the order of columns in which the pattern holds."""

    weight: Tensor
    mask: Tensor
    order: Tensor | None = None
    store: Store | None = None  # where pruning has stored it already


Pruning = Callable[[Tensor, Tensor, str], Pruned]  # weight, Hessian, name


def storage(weight: Tensor, name: str, order: Tensor | None = None) -> Store:
    """Masked weights in a sparse format.

    Raises:
        InputError: more weights that are not zero than the format keeps.
    """
    shown = weight if order is None else weight[:, order]
    store = CodecStore(shown, codec(name))
    if int((store.dequantize() != 0).sum()) < int((shown.bfloat16() != 0).sum()) and name.startswith("bf16"):
        raise InputError(name, "a layer with more weights than the pattern keeps", "a mask that fits the pattern")
    return store if order is None else ColumnsStore([store], order)


def wanda_scores(weight: Tensor, hessian: Tensor) -> Tensor:
    """|W_ij| ||X_j||, up to a factor of the layer."""
    return weight.abs() * hessian.diagonal().sqrt()


def relative_scores(weight: Tensor, hessian: Tensor, power: float = 0.5) -> Tensor:
    """RIA: a weight's share of its row plus its share of its column, times ||X_j||^a."""
    size = weight.abs()
    share = size / size.sum(0).clamp_min(1e-30) + size / size.sum(1, keepdim=True).clamp_min(1e-30)
    return share * hessian.diagonal().sqrt().pow(power)


def by_scores(
    scores: Callable[[Tensor, Tensor], Tensor], pattern: Pattern, *, permute: bool = False, rounds: int = 2
) -> Pruning:
    """Keep the best scores; with `permute`, in the order of columns that keeps the most under N:M."""

    def prune(weight: Tensor, hessian: Tensor, name: str) -> Pruned:
        found = scores(weight, hessian)
        if not permute or not isinstance(pattern, tuple):
            mask = chosen_mask(found, pattern, where=name)
            return Pruned(weight=weight * mask, mask=mask)
        order = balanced_order(found, *pattern, rounds=rounds, where=name)
        mask = torch.empty_like(found, dtype=torch.bool)
        mask[:, order] = chosen_mask(found[:, order], pattern, where=name)
        return Pruned(weight=weight * mask, mask=mask, order=order)

    return prune


def pruning_change(ledger: Ledger, pruning: Pruning, pattern: str, form: str = "bf16") -> Change:
    """A change for `rebuild`; the ledger's `nearest` is the error of pruning by magnitude alone."""
    read = read_pattern(pattern)

    def change(group: Group, statistics: InputStatistics) -> Mapping[str, nn.Module]:
        hessian = statistics.hessian
        found: dict[str, nn.Module] = {}
        for name, weight in checked(group.linears).items():
            pruned = pruning(weight, hessian, name)
            store = pruned.store or storage(pruned.weight, f"{form}+{pattern}", pruned.order)
            made = QuantizedLinear(store, bias_of(group.linears[name]))
            plain = weight * chosen_mask(weight.abs(), read, by_row=False, where=name)
            ledger.enter(name, made, objective(plain - weight, hessian), objective(made.weight - weight, hessian))
            found[name] = made
        return found

    return change


@torch.no_grad()
def prune_magnitudes(model: nn.Module, pattern: str, ledger: Ledger, form: str = "bf16") -> None:
    """Drop the smallest weights of each layer; no data is needed."""
    read = read_pattern(pattern)
    for name, linear in linears(model).items():
        (weight,) = checked({name: linear}).values()
        mask = chosen_mask(weight.abs(), read, by_row=False, where=name)
        made = QuantizedLinear(storage(weight * mask, f"{form}+{pattern}"), bias_of(linear))
        ledger.enter(name, made)
        replace(model, name, made)
