"""Training a small language model in NumPy, with any format on what its products read: the same start, the same data.

idea:    a format is right for training if the loss ends where fp32's ends; hooks round the operands of every product.
symbols: V tokens, c tokens of context, e width of an embedding, h hidden width; loss in nats a token.
         forward product y = q(x) q(W); backward dx = q(g) q(W)^T, dW = q(x)^T q(g), with g scaled by the loss scale.
keeps:   the language is drawn with a seed: a random network of the same form but other weights decides the odds of the
         next token. Weights, momentum and sums are fp32, as in all of the schemes shown. Loss is judged on windows
         that training never saw, through the same forward hooks.
source:  Bengio et al. 2003, A neural probabilistic language model (the architecture); Micikevicius et al. 2018 (fp32
         master weights, loss scaling).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interlock.numerics.arrays import Floats

Hook = Callable[[Floats], Floats]
VOCABULARY: Final = 48
CONTEXT: Final = 4
EMBEDDING: Final = 16
HIDDEN: Final = 64
BATCH: Final = 128
STEPS: Final = 500
RATE: Final = 0.4
MOMENTUM: Final = 0.9


def _same(x: Floats) -> Floats:
    return x


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """What products read: `forward` rounds weights and activations, `backward` gradients, times the loss scale."""

    forward: Hook = _same
    backward: Hook = _same
    loss_scale: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """Loss on held-out windows, and the share of gradient elements of the hidden layers that rounding made zero."""

    loss: float
    zeroed: float


@cache
def _language() -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Windows and next tokens to learn from, and others to judge by."""
    rng, count = np.random.default_rng(11), STEPS * BATCH + 4096
    table, mix = rng.standard_normal((CONTEXT, VOCABULARY, 24)), rng.standard_normal((24, VOCABULARY)) * 1.4
    windows = rng.zipf(1.4, (count, CONTEXT)) % VOCABULARY
    hidden = np.tanh(sum(table[place, windows[:, place]] for place in range(CONTEXT)) * 0.6)
    odds = np.exp(hidden @ mix)
    edges = np.cumsum(odds / odds.sum(axis=1, keepdims=True), axis=1)
    following = (edges < rng.random((count, 1))).sum(axis=1).clip(0, VOCABULARY - 1)
    return windows[:-4096], following[:-4096], windows[-4096:], following[-4096:]


Gradients = Callable[[list[Floats], NDArray[np.int64], NDArray[np.int64]], list[Floats]]


def train(scheme: Scheme, steps: int = STEPS, seed: int = 0) -> Trained:
    """Training with a scheme's hooks, and how it ends."""
    zeroed: list[float] = []

    def gradients(weights: list[Floats], windows: NDArray[np.int64], following: NDArray[np.int64]) -> list[Floats]:
        found, lost = _gradients(weights, windows, following, scheme)
        zeroed.append(lost)
        return found

    weights = descended(gradients, steps, seed)
    return Trained(loss=loss_of(weights, scheme), zeroed=float(np.mean(zeroed or [0.0])))


def plain_gradients(weights: list[Floats], windows: NDArray[np.int64], following: NDArray[np.int64]) -> list[Floats]:
    """Gradients without any rounding."""
    return _gradients(weights, windows, following, Scheme())[0]


def descended(gradients: Gradients, steps: int = STEPS, seed: int = 0) -> list[Floats]:
    """Momentum with a rate that falls linearly to zero, from the same weights and over the same batches each time."""
    rng = np.random.default_rng(seed)
    shapes = ((CONTEXT * EMBEDDING, HIDDEN), (HIDDEN, HIDDEN), (HIDDEN, VOCABULARY))
    drawn = [rng.standard_normal(shape) / np.sqrt(shape[0]) for shape in shapes]
    weights = [w.astype(np.float32) for w in (*drawn, rng.standard_normal((VOCABULARY, EMBEDDING)) * 0.5)]
    speed = [np.zeros_like(w) for w in weights]
    windows, following, _, _ = _language()
    for step in range(steps):
        part = slice(step * BATCH, (step + 1) * BATCH)
        rate = np.float32(RATE * (1 - MOMENTUM) * (1 - step / steps))
        for place, gradient in enumerate(gradients(weights, windows[part], following[part])):
            if np.isfinite(gradient).all():  # as loss scaling does: a step that overflowed is left out
                speed[place] = np.float32(MOMENTUM) * speed[place] + gradient
                weights[place] = weights[place] - rate * speed[place]
    return weights


def _forward(weights: list[Floats], windows: NDArray[np.int64], q: Hook) -> tuple[list[Floats], list[Floats], Floats]:
    """What each product read, its rounded weights, and the logits; groups run along what is summed over."""
    read, rounded = [q(weights[3][windows].reshape(len(windows), -1))], [q(w.T).T for w in weights[:3]]
    for layer in range(2):
        read.append(q(np.maximum(read[layer] @ rounded[layer], 0)))
    return read, rounded, read[2] @ rounded[2]


def _gradients(weights: list[Floats], windows: NDArray[np.int64], following: NDArray[np.int64],
               scheme: Scheme) -> tuple[list[Floats], float]:  # fmt: skip
    read, rounded, logits = _forward(weights, windows, scheme.forward)
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    odds /= odds.sum(axis=1, keepdims=True)
    odds[np.arange(len(windows)), following] -= 1
    flowing, found, lost = odds * np.float32(scheme.loss_scale / len(windows)), [], []
    for layer in (2, 1, 0):
        rounded_gradient = scheme.backward(flowing)
        lost.append(float(((rounded_gradient == 0) & (flowing != 0)).sum() / max((flowing != 0).sum(), 1)))
        found.append(read[layer].T @ rounded_gradient / np.float32(scheme.loss_scale))
        flowing = rounded_gradient @ rounded[layer].T
        if layer:
            flowing = flowing * (read[layer] > 0)
    embedding = np.zeros_like(weights[3])
    np.add.at(embedding, windows, flowing.reshape(*windows.shape, EMBEDDING) / np.float32(scheme.loss_scale))
    return [*found[::-1], embedding], float(np.mean(lost))


def loss_of(weights: list[Floats], scheme: Scheme) -> float:
    """Loss on windows that training never saw, through the forward hooks."""
    _, _, windows, following = _language()
    logits = _forward(weights, windows, scheme.forward)[2]
    top = logits.max(axis=1, keepdims=True)
    total = np.log(np.exp(logits - top).sum(axis=1)) + top[:, 0]
    return float((total - logits[np.arange(len(windows)), following]).mean())


@cache
def reference_loss() -> float:
    """The loss of training without rounding."""
    return train(Scheme()).loss
