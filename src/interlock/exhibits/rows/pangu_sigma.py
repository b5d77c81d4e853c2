"""PanGu-Sigma: random routed experts. A token's domain picks the group, a fixed random table the expert within it."""

import numpy as np
from numpy.typing import NDArray

from interlock.exhibits.base import Reproduction, below, claim, exactly, holds, reproduction

CLAIM = claim("1.085 trillion parameters with random routed experts", "Ren et al. 2023, PanGu-Sigma, section 3.2")


def table(vocabulary: int, experts: int, seed: int) -> NDArray[np.int64]:
    """An expert for each token id: as many ids for each expert, in random order."""
    dealt = np.arange(vocabulary) % experts
    return np.random.default_rng(seed).permutation(dealt)


def route(
    tokens: NDArray[np.int64], domains: NDArray[np.int64], tables: list[NDArray[np.int64]], experts: int
) -> NDArray[np.int64]:
    """Global expert of each token: `experts` a domain, no parameters and no balance loss."""
    expert: NDArray[np.int64] = np.choose(domains, [t[tokens] for t in tables])
    return domains * experts + expert


def run() -> Reproduction:
    """Deterministic, balanced over ids, confined to the domain, and balanced over tokens."""
    vocabulary, experts, domains = 40_000, 10, 4
    tables = [table(vocabulary, experts, seed) for seed in range(domains)]
    rng = np.random.default_rng(7)
    tokens, topics = rng.integers(0, vocabulary, 400_000), rng.integers(0, domains, 400_000)
    routed = route(tokens, topics, tables, experts)
    load = np.bincount(routed, minlength=domains * experts)
    ids = np.bincount(tables[0], minlength=experts)
    return reproduction(
        holds(
            "the same token of the same domain always has the same expert",
            bool(
                np.array_equal(
                    routed, route(tokens, topics, [table(vocabulary, experts, s) for s in range(4)], experts)
                )
            ),
        ),
        holds("no token leaves its domain's group", bool(np.all(routed // experts == topics))),
        exactly(
            "token ids of each expert", vocabulary / experts, float(ids.max()), note="the most and the fewest are equal"
        ),
        exactly("token ids of the smallest expert", vocabulary / experts, float(ids.min())),
        below("busiest expert over the mean, 400,000 tokens", 1.05, float(load.max() / load.mean())),
    )
