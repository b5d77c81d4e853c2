"""How many experts a batch of tokens touches, and how unevenly the load falls on chips.

idea:    each token picks top_k of E experts; expert popularity falls as rank ** -skew (0: uniform). The chance that a
         token picks expert e is capped at 1 and the chances sum to top_k.
symbols: E experts, T tokens, q chance of each expert (E,).
departs: tokens choose independently; real batches are correlated, which the skew has to stand for.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from interlock.operators import Array


@cache
def _chances(experts: int, top_k: int, skew: float) -> NDArray[np.float64]:
    popularity: NDArray[np.float64] = np.arange(1, experts + 1, dtype=float) ** -skew
    chance: NDArray[np.float64] = np.minimum(1.0, top_k * popularity / popularity.sum())
    for _ in range(experts):  # what capping took away goes to the experts below the cap
        missing = top_k - chance.sum()
        if missing < 1e-12:
            break
        below = chance < 1.0
        chance[below] = np.minimum(1.0, chance[below] * (1 + missing / chance[below].sum()))
    return chance


def active_experts(experts: int, top_k: int, skew: float, tokens: Array) -> Array:
    """Expected number of experts that at least one of `tokens` tokens picks."""
    amount = np.asarray(tokens, dtype=float)
    if skew == 0.0:
        return experts * (1.0 - (1.0 - top_k / experts) ** amount)
    values, inverse = np.unique(amount, return_inverse=True)
    miss = np.power(1.0 - _chances(experts, top_k, skew)[:, None], values[None, :])
    return np.asarray((1.0 - miss).sum(axis=0)[inverse].reshape(amount.shape))


def busiest_share(experts: int, top_k: int, skew: float, ranks: Array) -> Array:
    """Load of the busiest of `ranks` expert ranks over the mean, when experts are dealt out by rank, back and forth."""
    chance = _chances(experts, top_k, skew)
    wanted = np.asarray(ranks)
    values, inverse = np.unique(wanted, return_inverse=True)
    shares = [_busiest(chance, max(1, min(int(value), experts))) for value in values]
    return np.asarray(np.array(shares)[inverse].reshape(wanted.shape))


def _busiest(chance: NDArray[np.float64], ranks: int) -> float:
    turn = np.arange(chance.size) % (2 * ranks)
    owner = np.where(turn < ranks, turn, 2 * ranks - 1 - turn)
    load = np.bincount(owner, weights=chance, minlength=ranks)
    return float(load.max() / load.mean())
