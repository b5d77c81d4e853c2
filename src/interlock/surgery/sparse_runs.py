"""Training runs that end in N:M weights, and what they leave stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from interlock.errors import InputError, shown
from interlock.surgery.applied import Ledger
from interlock.surgery.calibration import Calibration
from interlock.surgery.decoder import linears, replace
from interlock.surgery.factors import FactorStore, SumStore
from interlock.surgery.linear import QuantizedLinear, bias_of, checked
from interlock.surgery.sparse_linear import storage
from interlock.surgery.sparse_masks import read_pattern
from interlock.surgery.sparse_training import DecayingLinear, DoublePrunedLinear, MaskedLinear, Schedule
from interlock.surgery.training import train

Settings = Mapping[str, Any]  # steps, batch, learning_rate


def whole_groups(pattern: str) -> tuple[int, int]:
    """(N, M) of a pattern.

    Raises:
        InputError: a share instead.
    """
    found = read_pattern(pattern)
    if not isinstance(found, tuple):
        raise InputError("pattern", shown(pattern), "N:M, such as 2:4")
    return found


def train_double_pruned(
    model: nn.Module, calibration: Calibration, pattern: str, *, rank: int, late: float, random: bool,
    settings: Settings, ledger: Ledger,
) -> float:  # fmt: skip
    """SLoPe on all of a model; adapters join for the last share `late`. Returns what they hold of the elements."""
    read, held, elements = whole_groups(pattern), 0, 0
    made: dict[str, MaskedLinear] = {}
    for place, (name, linear) in enumerate(linears(model).items()):
        (weight,) = checked({name: linear}).values()
        thin = min(rank, *weight.shape)
        seed = calibration.seed + place if random else None
        made[name] = DoublePrunedLinear(weight, bias_of(linear), read, thin, seed, name)
        held, elements = held + thin * sum(weight.shape), elements + weight.numel()
    begin = round(settings["steps"] * (1 - late))

    def adapt(step: int) -> None:
        for layer in made.values():
            assert isinstance(layer, DoublePrunedLinear)
            layer.adapted = rank > 0 and step >= begin

    _train(model, calibration, made, adapt, settings, ledger)
    for name, layer in made.items():
        assert isinstance(layer, DoublePrunedLinear)
        sparse = storage(layer.finished(), f"bf16+{pattern}")
        thin_part = FactorStore(layer.left.detach(), layer.right.detach())
        _store(model, name, layer, SumStore(sparse, thin_part) if rank else sparse, ledger)
    return held / elements


def train_decaying(
    model: nn.Module, calibration: Calibration, pattern: str, schedule: Schedule, *, until: float,
    settings: Settings, ledger: Ledger,
) -> None:  # fmt: skip
    """Progressive gradient flow on all of a model; the mask is closed for good after the share `until` of the steps."""
    read = whole_groups(pattern)
    made: dict[str, MaskedLinear] = {}
    for name, linear in linears(model).items():
        (weight,) = checked({name: linear}).values()
        made[name] = DecayingLinear(weight, bias_of(linear), read, name)

    def close(step: int) -> None:
        progress = min(1.0, step / max(1.0, until * settings["steps"]))
        for layer in made.values():
            assert isinstance(layer, DecayingLinear)
            schedule(layer, progress)

    _train(model, calibration, made, close, settings, ledger)
    for name, layer in made.items():
        _store(model, name, layer, storage(layer.finished(), f"bf16+{pattern}"), ledger)


def _train(
    model: nn.Module, calibration: Calibration, made: Mapping[str, MaskedLinear], each: Any, settings: Settings,
    ledger: Ledger,
) -> None:  # fmt: skip
    for name, layer in made.items():
        replace(model, name, layer)
    losses = train(model, calibration, [*model.parameters()], each_step=each, **settings)
    last = sum(losses[-5:]) / len(losses[-5:])
    ledger.notes.append(f"trained {len(losses)} steps, loss {losses[0]:.4f} to {last:.4f}")


@torch.no_grad()
def _store(model: nn.Module, name: str, layer: MaskedLinear, store: Any, ledger: Ledger) -> None:
    finished = QuantizedLinear(store, bias_of(layer))
    ledger.enter(name, finished)
    replace(model, name, finished)
