"""A small decoder in NumPy, with and without a KV cache: a reference for statements about real tensors.

symbols: L layers, H query heads, G KV heads, d head width, D = H d stream width, t tokens.
keeps: weights are random; nothing here is trained, and nothing but shapes and equality is claimed of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from interlock.models import Model, from_config

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class TinyDecoder:
    """Pre-norm attention with grouped KV heads and a gated network, tied embedding, no positions."""

    heads: int
    kv_heads: int
    head_dim: int
    embedding: Floats
    layers: tuple[dict[str, Floats], ...]
    inner: int = field(default=64)

    @staticmethod
    def random(*, layers: int, heads: int, kv_heads: int, head_dim: int, vocabulary: int, seed: int) -> TinyDecoder:
        """Weights drawn so that activations keep their size."""
        rng, width, inner = np.random.default_rng(seed), heads * head_dim, 64

        def draw(rows: int, columns: int) -> Floats:
            drawn: Floats = (rng.standard_normal((rows, columns)) / np.sqrt(rows)).astype(np.float32)
            return drawn

        shapes = {
            "q": (width, width),
            "k": (width, kv_heads * head_dim),
            "v": (width, kv_heads * head_dim),
            "o": (width, width),
            "gate": (width, inner),
            "up": (width, inner),
            "down": (inner, width),
        }
        weights = tuple({name: draw(*shape) for name, shape in shapes.items()} for _ in range(layers))
        return TinyDecoder(
            heads=heads, kv_heads=kv_heads, head_dim=head_dim, embedding=draw(vocabulary, width), layers=weights
        )

    def described(self) -> Model:
        """The same shape as the catalogue describes it."""
        return from_config(
            {
                "model_type": "llama",
                "hidden_size": self.heads * self.head_dim,
                "intermediate_size": self.inner,
                "num_hidden_layers": len(self.layers),
                "num_attention_heads": self.heads,
                "num_key_value_heads": self.kv_heads,
                "vocab_size": len(self.embedding),
                "max_position_embeddings": 4096,
                "tie_word_embeddings": True,
            },
            "tiny",
        )

    def forward(self, tokens: list[int], cache: list[list[Floats]] | None = None) -> Floats:
        """Logits of the last token; `cache` holds [keys, values] a layer, (t, G d), and grows."""
        x = self.embedding[tokens]
        for index, w in enumerate(self.layers):
            normed = norm(x)
            k, v = normed @ w["k"], normed @ w["v"]
            if cache is not None:
                k, v = np.concatenate([cache[index][0], k]), np.concatenate([cache[index][1], v])
                cache[index] = [k, v]
            x = x + self.attend(normed @ w["q"], k, v) @ w["o"]
            normed = norm(x)
            gate = normed @ w["gate"]
            x = x + (gate / (1 + np.exp(-gate)) * (normed @ w["up"])) @ w["down"]
        last: Floats = norm(x)[-1] @ self.embedding.T
        return last

    def attend(self, q: Floats, k: Floats, v: Floats) -> Floats:
        """What the last tokens of a sequence, (t, D), take from all of it, (T, G d)."""
        new, past = len(q), len(k) - len(q)
        mask = np.tril(np.ones((new, len(k)), dtype=bool), past)
        out, share = [], self.heads // self.kv_heads
        for head in range(self.heads):
            mine = slice(head * self.head_dim, (head + 1) * self.head_dim)
            group = slice(head // share * self.head_dim, (head // share + 1) * self.head_dim)
            scores = np.where(mask, q[:, mine] @ k[:, group].T / np.sqrt(self.head_dim), -np.inf)
            weights = np.exp(scores - scores.max(axis=1, keepdims=True))
            out.append(weights / weights.sum(axis=1, keepdims=True) @ v[:, group])
        return np.concatenate(out, axis=1).astype(np.float32)

    def empty_cache(self, dtype: type = np.float32) -> list[list[Floats]]:
        """No tokens yet."""
        width = self.kv_heads * self.head_dim
        return [[np.zeros((0, width), dtype=dtype), np.zeros((0, width), dtype=dtype)] for _ in self.layers]

    def generate(self, prompt: list[int], count: int, *, cached: bool) -> tuple[list[int], Floats]:
        """Greedy tokens and the logits (count, vocabulary) that chose them."""
        cache = self.empty_cache() if cached else None
        tokens, chosen = list(prompt), []
        for step in range(count):
            fed = tokens if not cached or step == 0 else tokens[-1:]
            chosen.append(self.forward(fed, cache))
            tokens.append(int(np.argmax(chosen[-1])))
        return tokens[len(prompt) :], np.stack(chosen)

    def cache_nbytes(self, count: int, dtype: type = np.float32) -> int:
        """Bytes of the arrays that a cache of so many tokens really holds."""
        cache = self.empty_cache(dtype)
        self.forward([0] * count, cache)
        return sum(array.nbytes for layer in cache for array in layer)


def norm(x: Floats) -> Floats:
    """Each token at a root mean square of one."""
    scaled: Floats = x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + 1e-6)
    return scaled
