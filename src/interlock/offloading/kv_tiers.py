"""Prefixes whose caches lie in host memory or flash: what reading one back saves, and which tier holds it.

source:  Mattson et al. 1970, Evaluation techniques for storage hierarchies (stack distances: one pass gives the hits of
         every capacity of least-recently-used memory).
idea:    a prefix of p tokens costs a prefill to recompute, and its cache's bytes over the slowest hop to read. Tiers
         that pass what they evict down to the next act as one stack.
keeps:   with prefetch layer by layer a hit costs the longer of the read and the prefill of what is new.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from interlock.inference.memory import cache_bytes
from interlock.inference.step_cost import price_step
from interlock.models import Formats, Model, prefill
from interlock.offloading.machine import Machine
from interlock.operators import Array
from interlock.parallel import Parallelism


@dataclass(frozen=True, slots=True, kw_only=True)
class PrefixHit:
    """Seconds to have the cache of a prefix, by where it comes from, for a column of lengths."""

    recompute: Array
    host: Array
    storage: Array

    def saved(self, tier: str) -> Array:
        """Seconds that a hit in a tier saves; negative where recomputing is faster."""
        return self.recompute - (self.host if tier == "host" else self.storage)


def prefix_hit(model: Model, machine: Machine, formats: Formats, tokens: Array) -> PrefixHit:
    """What prefixes of these lengths cost on a machine."""
    cost = price_step(model, prefill(1.0, tokens), formats, Parallelism(), machine.chips)
    size = np.asarray(cache_bytes(model, formats, None, tokens), dtype=float)
    link = size / machine.to_device
    read = size / machine.storage_read if machine.storage_read > 0 else np.full_like(size, np.inf)
    return PrefixHit(recompute=cost.time, host=link, storage=np.maximum(read, link))


def stack_distances(blocks: Sequence[int]) -> NDArray[np.float64]:
    """For each use of a block, how many different ones were used since its last use; inf for the first.

    A Fenwick tree marks the last use of every block, so that a use costs the logarithm of the trace.
    """
    count = len(blocks)
    tree = np.zeros(count + 1, dtype=np.int64)
    last: dict[int, int] = {}
    found = np.full(count, np.inf)

    def add(place: int, value: int) -> None:
        place += 1
        while place <= count:
            tree[place] += value
            place += place & -place

    def below(place: int) -> int:
        total = 0
        while place > 0:
            total += int(tree[place])
            place -= place & -place
        return total

    for now, block in enumerate(blocks):
        before = last.get(block)
        if before is not None:
            found[now] = below(now) - below(before + 1)
            add(before, -1)
        add(now, 1)
        last[block] = now
    return found


def tier_hits(blocks: Sequence[int], capacities: Sequence[int]) -> tuple[int, ...]:
    """Uses that each tier answers, fastest first, and last those that none does; capacities in blocks."""
    distances = stack_distances(blocks)
    ends = np.concatenate([[0.0], np.cumsum(capacities)])
    hits = [int(((distances >= a) & (distances < b)).sum()) for a, b in itertools.pairwise(ends)]
    return (*hits, len(distances) - sum(hits))
