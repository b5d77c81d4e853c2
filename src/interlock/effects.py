"""The third waist: what a technique changes, as a closed set of small values.

Lowering reads the result; a technique never reaches into models or costs by itself. Later rooms widen the set (token
budgets, tokens a pass, trainable shares, placement of states), here are those that today's predictor reads.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from interlock.errors import InputError
from interlock.models import Model, Scheme
from interlock.models.blocks import Attention
from interlock.numerics import number_format


@dataclass(frozen=True, slots=True)
class WeightFormat:
    """Linear weights are stored in this format, sparsity included."""

    name: str


@dataclass(frozen=True, slots=True)
class ActivationFormat:
    """Linear layers read their inputs in this format."""

    name: str


@dataclass(frozen=True, slots=True)
class KVFormat:
    """The KV cache is stored in this format."""

    name: str


@dataclass(frozen=True, slots=True)
class AttentionWindow:
    """Every layer attends to, and keeps, the last `tokens` tokens only."""

    tokens: int

    def __post_init__(self) -> None:
        if self.tokens < 1:
            raise InputError("attention window", f"{self.tokens} tokens", "at least 1 token")


Effect = WeightFormat | ActivationFormat | KVFormat | AttentionWindow


def with_effects(model: Model, scheme: Scheme, effects: Iterable[Effect]) -> tuple[Model, Scheme]:
    """The model and the scheme after the effects, in order."""
    for effect in effects:
        match effect:
            case WeightFormat(name):
                scheme = replace(scheme, weight=number_format(name))
            case ActivationFormat(name):
                scheme = replace(scheme, activation=number_format(name))
            case KVFormat(name):
                scheme = replace(scheme, kv=number_format(name))
            case AttentionWindow(tokens):
                model = _windowed(model, tokens)
    return model, scheme


def _windowed(model: Model, tokens: int) -> Model:
    if model.decoder is None:
        return model
    layers = tuple(
        replace(layer, mixer=replace(layer.mixer, window=min(tokens, layer.mixer.window or tokens)))
        if isinstance(layer.mixer, Attention)
        else layer
        for layer in model.decoder.layers
    )
    return replace(model, decoder=replace(model.decoder, layers=layers))
