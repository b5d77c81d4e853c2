"""Keys and values of calibration tokens, and how much the loss feels each: the diagonal of the Fisher matrix.

idea:   a cache that keeps what passes through it, with a zero added to each key and value; the gradient of the text's
        loss at that zero is the element's, and its square its weight.
source: Hooper et al. 2024, KVQuant, section 3.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers.cache_utils import Cache, DynamicLayer

from interlock.surgery.calibration import Calibration
from interlock.surgery.decoder import blocks, linears
from interlock.surgery.kv_cache import Turn
from interlock.surgery.linear import checked


@dataclass(slots=True)
class Seen:
    """Keys or values of one layer and the weight of each element, both [tokens, heads * channels]."""

    states: Tensor
    weights: Tensor


class _Recording(DynamicLayer):  # type: ignore[no-untyped-call]
    """Passes keys and values on, and remembers them."""

    def __init__(self, turn: Turn | None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.turn = turn
        self.states: list[Tensor] = []
        self.zeros: list[Tensor] = []

    def update(self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        """As they come."""
        before = key_states if self.turn is None else self.turn.apply(key_states, 0)
        self.states = [before.detach(), value_states.detach()]
        self.zeros = [torch.zeros_like(part).requires_grad_() for part in self.states]
        keys = before + self.zeros[0]
        return keys if self.turn is None else self.turn.inverse(keys, 0), value_states + self.zeros[1]


def recorded(
    model: nn.Module, calibration: Calibration, turn: Turn | None, *, most: int = 4096, batch: int = 4
) -> list[tuple[Seen, Seen]]:
    """Keys (before their turn is undone) and values of each layer, on at most so many tokens; at least one sequence."""
    calibration.fits(model)
    checked(linears(model))
    model.eval()
    kept = calibration.tokens[: max(1, most // calibration.tokens.shape[1])]
    found: list[list[list[Seen]]] = [[[], []] for _ in blocks(model)]
    for part in torch.split(kept, batch):
        layers = [_Recording(turn) for _ in found]
        with torch.enable_grad():
            logits: Tensor = model(part, past_key_values=Cache(layers=[*layers]), use_cache=True).logits[:, :-1]
            loss = functional.cross_entropy(logits.flatten(0, 1), part[:, 1:].reshape(-1), reduction="sum")
            grown = torch.autograd.grad(loss, [zero for layer in layers for zero in layer.zeros])
        for place, layer in enumerate(layers):
            for kind, states in enumerate(layer.states):
                weights = grown[2 * place + kind].square()
                found[place][kind].append(Seen(_by_token(states), _by_token(weights)))
    return [(_joined(keys), _joined(values)) for keys, values in found]


def _by_token(x: Tensor) -> Tensor:
    """[batch, heads, tokens, channels] as [batch * tokens, heads * channels]."""
    return x.transpose(1, 2).flatten(2).flatten(0, 1)


def _joined(parts: list[Seen]) -> Seen:
    return Seen(torch.cat([part.states for part in parts]), torch.cat([part.weights for part in parts]))
