"""A small mixture of experts, trained once a process on the shipped text; read afterwards in NumPy.

idea:  the next character from the last eight and the mean of the last 32, through residual layers of eight experts of
       which two are chosen; trained
       with a balancing penalty (Fedus et al. 2022), in a few seconds.
keeps: text that is judged was not trained on; experts are separate arrays, so that they can be kept elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from interlock.catalogue import DATA

Floats = NDArray[np.float32]
Experts = Callable[[int, int], tuple[Floats, Floats]]  # (layer, expert) -> (up, down)
CONTEXT, PAST, WIDTH, INNER, EXPERTS, TOP, LAYERS, STEPS, BATCH = 8, 32, 64, 64, 8, 2, 4, 400, 128


@dataclass(frozen=True, slots=True, kw_only=True)
class TinyMoe:
    """Weights; `up` and `down` are (layers, experts, ...)."""

    embedding: Floats
    mix: Floats
    gates: Floats  # (layers, WIDTH, EXPERTS)
    up: Floats
    down: Floats
    head: Floats
    unseen: NDArray[np.int64]

    def hidden(self, tokens: NDArray[np.int64]) -> Floats:
        """The stream that enters the first layer, for every position with a whole context."""
        past = self.embedding[np.lib.stride_tricks.sliding_window_view(tokens, PAST)[:-1]]
        near = past[:, -CONTEXT:].reshape(len(past), -1)
        found: Floats = np.concatenate([near, past.mean(axis=1) * PAST**0.5], axis=1) @ self.mix
        return found

    def resident(self, layer: int, expert: int) -> tuple[Floats, Floats]:
        """An expert as it lies in memory."""
        return self.up[layer, expert], self.down[layer, expert]

    def chosen(self, layer: int, x: Floats) -> tuple[NDArray[np.int64], Floats]:
        """The experts of each row of the stream, best first, and their weights."""
        scores = norm(x) @ self.gates[layer]
        best = np.argsort(-scores, axis=1, kind="stable")[:, :TOP]
        kept = np.take_along_axis(scores, best, axis=1)
        weights = np.exp(kept - kept.max(axis=1, keepdims=True))
        return best, np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float32)

    def forward(self, x: Floats, experts: Experts) -> tuple[Floats, list[NDArray[np.int64]], list[Floats]]:
        """Logits, the experts chosen in each layer, and the stream that entered it; row by row, as decoding is."""
        choices, streams = [], []
        for layer in range(LAYERS):
            streams.append(x)
            best, weights = self.chosen(layer, x)
            choices.append(best)
            normed, out = norm(x), np.zeros_like(x)
            for row in range(len(x)):
                for expert, weight in zip(best[row], weights[row], strict=True):
                    up, down = experts(layer, int(expert))
                    out[row] += weight * (np.maximum(normed[row] @ up, 0.0) @ down)
            x = x + out
        return norm(x) @ self.head, choices, streams

    def together(self, x: Floats, allowed: NDArray[np.bool_] | None = None) -> tuple[Floats, NDArray[np.int64]]:
        """Logits and choices (layers, rows, TOP) of many rows at once, among `allowed` (layers, rows, EXPERTS)."""
        choices = []
        for layer in range(LAYERS):
            normed = norm(x)
            scores = normed @ self.gates[layer]
            if allowed is not None:
                scores = np.where(allowed[layer], scores, -np.inf)
            best = np.argsort(-scores, axis=1, kind="stable")[:, :TOP]
            kept = np.take_along_axis(scores, best, axis=1)
            weights = np.exp(kept - kept.max(axis=1, keepdims=True))
            share = np.zeros_like(scores)
            np.put_along_axis(share, best, weights / weights.sum(axis=1, keepdims=True), axis=1)
            out = np.zeros_like(x)
            for expert in range(EXPERTS):
                inner = np.maximum(normed @ self.up[layer, expert], 0.0)
                out += share[:, expert, None].astype(np.float32) * (inner @ self.down[layer, expert])
            x = x + out
            choices.append(best)
        return norm(x) @ self.head, np.stack(choices)


def norm(x: Floats) -> Floats:
    """Root mean square 1."""
    return np.asarray(x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + 1e-6), dtype=np.float32)


def letters() -> tuple[NDArray[np.int64], int]:
    """The shipped text as numbers of its characters, and how many there are."""
    text = (DATA / "lab" / "sample.txt").read_text(encoding="utf-8")
    known = sorted(set(text))
    return np.array([known.index(letter) for letter in text]), len(known)


@cache
def tiny_moe() -> TinyMoe:
    """The trained model."""
    import torch

    tokens, count = letters()
    cut = int(0.9 * len(tokens))
    torch.manual_seed(0)

    def drawn(*shape: int) -> torch.Tensor:
        found: torch.Tensor = torch.randn(*shape) / shape[-2] ** 0.5
        return found.requires_grad_()

    w = {
        "embedding": drawn(count, 16), "mix": drawn(CONTEXT * 16 + 16, WIDTH), "gates": drawn(LAYERS, WIDTH, EXPERTS),
        "up": drawn(LAYERS, EXPERTS, WIDTH, INNER), "down": drawn(LAYERS, EXPERTS, INNER, WIDTH),
        "head": drawn(WIDTH, count),
    }  # fmt: skip
    optimizer = torch.optim.Adam(list(w.values()), lr=3e-3)
    rng = np.random.default_rng(0)

    def normed(x: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = x / torch.sqrt((x * x).mean(dim=-1, keepdim=True) + 1e-6)
        return found

    for _ in range(STEPS):
        starts = rng.integers(0, cut - PAST - 1, BATCH)
        past = w["embedding"][torch.from_numpy(tokens[starts[:, None] + np.arange(PAST)])]
        x = torch.cat([past[:, -CONTEXT:].flatten(1), past.mean(dim=1) * PAST**0.5], dim=1) @ w["mix"]
        uneven = torch.zeros(())
        for layer in range(LAYERS):
            scores = normed(x) @ w["gates"][layer]
            best = scores.topk(TOP, dim=1)
            share = torch.zeros_like(scores).scatter(1, best.indices, best.values.softmax(dim=1))
            inner = torch.relu(torch.einsum("bw,ewi->bei", normed(x), w["up"][layer]))
            x = x + torch.einsum("bei,eiw,be->bw", inner, w["down"][layer], share)
            uneven = uneven + EXPERTS * ((share > 0).float().mean(0) / TOP * scores.softmax(dim=1).mean(0)).sum()
        loss = torch.nn.functional.cross_entropy(normed(x) @ w["head"], torch.from_numpy(tokens[starts + PAST]))
        optimizer.zero_grad()
        torch.autograd.backward(loss + 0.001 * uneven)
        optimizer.step()
    arrays = {name: value.detach().numpy().astype(np.float32) for name, value in w.items()}
    return TinyMoe(unseen=tokens[cut:], **arrays)
