"""Grouped-query attention: between multi-head and multi-query, and equal to both at its ends."""

from dataclasses import replace

import numpy as np

from interlock.exhibits.base import Reproduction, claim, exactly, holds, reproduction
from interlock.exhibits.tiny_decoder import TinyDecoder

CLAIM = claim("G groups of heads share keys and values", "Ainslie et al. 2023, GQA")
MISSING = "the quality of a mean-pooled checkpoint after uptraining"


def run() -> Reproduction:
    """Repeating the KV heads of a grouped model gives a multi-head one with the same logits and G/H of the cache."""
    grouped = TinyDecoder.random(layers=2, heads=8, kv_heads=2, head_dim=8, vocabulary=20, seed=0)

    def repeated(w: np.ndarray) -> np.ndarray:
        return np.repeat(w.reshape(len(w), 2, 8), 4, axis=1).reshape(len(w), 64)

    layers = tuple({**w, "k": repeated(w["k"]), "v": repeated(w["v"])} for w in grouped.layers)
    whole = replace(grouped, kv_heads=8, layers=layers)
    prompt = [1, 5, 9, 13]
    return reproduction(
        exactly(
            "largest difference of logits from a multi-head model with repeated heads",
            0,
            float(np.abs(grouped.forward(prompt) - whole.forward(prompt)).max()),
        ),
        exactly("cache, 2 groups over 8 heads", 2 / 8, grouped.cache_nbytes(30) / whole.cache_nbytes(30)),
        holds(
            "the same tokens", grouped.generate(prompt, 8, cached=True)[0] == whole.generate(prompt, 8, cached=True)[0]
        ),
    )
