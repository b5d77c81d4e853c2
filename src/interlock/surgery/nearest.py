"""Rounding all linear layers of the blocks to nearest, on a grid of integers or in any encoded format."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from interlock.surgery.applied import Ledger
from interlock.surgery.decoder import linears, replace
from interlock.surgery.grid import IntegerGrid
from interlock.surgery.linear import QuantizedLinear, StagedLinear, Step, bias_of, checked
from interlock.surgery.stores import IntegerStore, Store


def grid_storage(grid: IntegerGrid) -> Callable[[Tensor], Store]:
    """Storage on a grid of integers."""
    return lambda weight: IntegerStore.nearest(weight, grid)


def codec_storage(name: str) -> Callable[[Tensor], Store]:
    """Storage in a format by name.

    Raises:
        UnknownNameError: no codec has this name.
    """
    from interlock.numerics.codecs import codec
    from interlock.surgery.codec_store import CodecStore

    found = codec(name)
    return lambda weight: CodecStore(weight, found)


@torch.no_grad()
def store_linears(
    model: nn.Module,
    ledger: Ledger,
    storage: Callable[[Tensor], Store],
    steps: Callable[[str], list[Step]] | None = None,
) -> None:
    """Put every linear layer's weights in storage, with steps on its inputs if wanted."""
    for name, linear in linears(model).items():
        (weight,) = checked({name: linear}).values()
        made: nn.Module = QuantizedLinear(storage(weight), bias_of(linear))
        ledger.enter(name, made)
        if steps is not None:
            made = StagedLinear(steps(name), made)
        replace(model, name, made)


def stage_linears(model: nn.Module, steps: Callable[[str], list[Step]]) -> None:
    """Put steps on the inputs of all linear layers."""
    for name, linear in linears(model).items():
        replace(model, name, StagedLinear(steps(name), linear))
