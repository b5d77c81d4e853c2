"""A small ReLU network, trained in NumPy on the shipped text, for statements about which neurons a text uses.

idea:  the next character from the last eight, one hidden layer; Adam, with a penalty on the mean activation, as sparse
       ReLU models of the literature are made. Trained once a process, in about a second.
keeps: tokens that are judged were not trained on.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from interlock.catalogue import DATA

Floats = NDArray[np.float32]
CONTEXT, WIDTH, HIDDEN, STEPS, BATCH = 8, 16, 512, 400, 256
SPARSITY = 2e-2  # weight of the penalty: a few per cent of the neurons are active


@dataclass(frozen=True, slots=True, kw_only=True)
class ReluModel:
    """y = relu(x up.T) down, then logits; x are the embeddings of the last characters."""

    embedding: Floats  # (characters, WIDTH)
    up: Floats  # (HIDDEN, CONTEXT * WIDTH)
    bias: Floats
    down: Floats  # (HIDDEN, characters)
    unseen: NDArray[np.int64]

    def inputs(self, tokens: NDArray[np.int64]) -> Floats:
        """x of every position that has a whole context, and a last element of 1 for the bias."""
        windows = np.lib.stride_tricks.sliding_window_view(tokens, CONTEXT)[:-1]
        flat = self.embedding[windows].reshape(len(windows), -1)
        return np.concatenate([flat, np.ones((len(flat), 1), dtype=np.float32)], axis=1)

    @property
    def rows(self) -> Floats:
        """up with its bias, (HIDDEN, CONTEXT * WIDTH + 1)."""
        return np.concatenate([self.up, self.bias[:, None]], axis=1)

    @property
    def columns(self) -> Floats:
        """down, padded to the width of the rows."""
        wide = np.zeros_like(self.rows)
        wide[:, : self.down.shape[1]] = self.down
        return wide


@cache
def relu_model() -> ReluModel:
    """The trained model."""
    text = (DATA / "lab" / "sample.txt").read_text(encoding="utf-8")
    letters = sorted(set(text))
    tokens = np.array([letters.index(letter) for letter in text])
    cut = int(0.9 * len(tokens))
    rng = np.random.default_rng(0)
    size = {"e": (len(letters), WIDTH), "u": (HIDDEN, CONTEXT * WIDTH), "b": (HIDDEN,), "d": (HIDDEN, len(letters))}
    p = {name: (rng.standard_normal(shape) * 0.1).astype(np.float32) for name, shape in size.items()}
    m = {name: np.zeros_like(value) for name, value in p.items()}
    v = {name: np.zeros_like(value) for name, value in p.items()}
    for step in range(1, STEPS + 1):
        starts = rng.integers(0, cut - CONTEXT - 1, BATCH)
        context, target = tokens[starts[:, None] + np.arange(CONTEXT)], tokens[starts + CONTEXT]
        for name, gradient in _gradients(p, context, target).items():
            m[name] = 0.9 * m[name] + 0.1 * gradient
            v[name] = 0.99 * v[name] + 0.01 * gradient**2
            p[name] -= 0.004 * (m[name] / (1 - 0.9**step)) / (np.sqrt(v[name] / (1 - 0.99**step)) + 1e-8)
    return ReluModel(embedding=p["e"], up=p["u"], bias=p["b"], down=p["d"], unseen=tokens[cut:])


def _gradients(p: dict[str, Floats], context: NDArray[np.int64], target: NDArray[np.int64]) -> dict[str, Floats]:
    x = p["e"][context].reshape(len(context), -1)
    inner = np.maximum(x @ p["u"].T + p["b"], 0.0)
    logits = inner @ p["d"]
    q = np.exp(logits - logits.max(axis=1, keepdims=True))
    q /= q.sum(axis=1, keepdims=True)
    q[np.arange(len(target)), target] -= 1.0
    q /= len(target)
    back = (q @ p["d"].T + SPARSITY / inner.size * HIDDEN) * (inner > 0)
    embedded = np.zeros_like(p["e"])
    np.add.at(embedded, context.ravel(), (back @ p["u"]).reshape(-1, p["e"].shape[1]))
    return {"e": embedded, "u": back.T @ x, "b": back.sum(axis=0), "d": inner.T @ q}
