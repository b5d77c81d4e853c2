"""Experts that do not fit the device: a cache of the last used ones, and loads that are guessed a layer ahead.

source:  Eliseev and Mazur 2023, Fast inference of mixture-of-experts language models with offloading: LRU cache of
         experts in each layer, and speculative loading by the next layer's gate on this layer's hidden state.
symbols: choices (tokens, k) of one layer's E experts; a cache holds n of them.
keeps:   a guess moves a load earlier and never adds more than it names; misses are counted, not sampled.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Choices = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheRun:
    """Of every token: experts needed that the cache held, that a guess had loaded, and that had to be waited for."""

    hits: NDArray[np.int64]
    guessed: NDArray[np.int64]
    misses: NDArray[np.int64]
    loaded: int  # experts that crossed the link, wrong guesses included

    @property
    def hit_rate(self) -> float:
        """The share of needed experts that the cache held."""
        return float(self.hits.sum() / (self.hits + self.guessed + self.misses).sum())


def run_cache(choices: Choices, size: int, guesses: Choices | None = None) -> CacheRun:
    """Pass the choices of one layer through a cache of `size` experts; the least recently used leaves first.
    A token's experts are looked up one after the other, as they are run.

    Guesses (tokens, g) are loaded into buffers beside the cache before the token's choices are known, and move into the
    cache when they turn out right.
    """
    held: OrderedDict[int, None] = OrderedDict()
    hits, guessed, misses = (np.zeros(len(choices), dtype=np.int64) for _ in range(3))
    loaded = 0
    for token, chosen in enumerate(choices):
        ahead = {int(e) for e in guesses[token]} - held.keys() if guesses is not None else set()
        loaded += len(ahead)
        for expert in map(int, chosen):
            if expert in held:
                hits[token] += 1
            elif expert in ahead:
                guessed[token] += 1
            else:
                misses[token] += 1
                loaded += 1
            held[expert] = None
            held.move_to_end(expert)
            if len(held) > size:
                held.popitem(last=False)
    return CacheRun(hits=hits, guessed=guessed, misses=misses, loaded=loaded)


def random_hit_rate(experts: int, size: int) -> float:
    """What a cache hits when experts are chosen evenly and independently."""
    return size / experts


def token_seconds(
    *,
    layers: int,
    compute_s: float,
    expert_bytes: float,
    missed: float,
    guessed: float,
    rate: float,
    ahead_s: float,
) -> float:
    """Seconds of a decoded token.

    Args:
        layers: that have experts.
        compute_s: of the whole token, with every expert at hand.
        expert_bytes: of one expert as it crosses the link.
        missed: experts a layer that are waited for.
        guessed: experts a layer whose load began while the layer before computed.
        rate: of the link.
        ahead_s: how long before its use a guessed load begins.
    """
    each = expert_bytes / rate
    return compute_s + layers * (missed * each + max(guessed * each - ahead_s, 0.0))
