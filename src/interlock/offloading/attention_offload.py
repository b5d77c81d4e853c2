"""Attention beside the memory that holds the cache, the other operators on the main chips.

source:  Park et al. 2024, AttAcc: attention of batched decoding on near-bank units, head-level pipelining with the
         products around it.
idea:    attention reads every sequence's own cache and gains nothing from a batch; products read weights once for it.
         On memory that computes, caches are read at its inner bandwidth, and a head's attention runs while other
         heads' queries, keys, values and outputs are multiplied.
symbols: B sequences, c tokens in the cache of each.
departs: the feed-forward networks stay on the main chips; the paper splits them as well.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from interlock.cost import Chips
from interlock.inference.memory import cache_bytes, weight_bytes
from interlock.inference.step_cost import price_step
from interlock.models import Formats, Model, decode
from interlock.operators import Array, Kind
from interlock.parallel import Parallelism


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheMemory:
    """Memory that attends to what it holds: bytes, bytes a second inside of it, and over its link."""

    capacity: float
    inner: float
    link: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AttentionSplit:
    """Seconds of a decode step: everything on the chips, one after the other on both, and pipelined by heads."""

    together: Array
    apart: Array
    pipelined: Array


def attention_split(
    model: Model, formats: Formats, chips: Chips, parallelism: Parallelism, memory: CacheMemory, *, batch: Array,
    context: Array,
) -> AttentionSplit:  # fmt: skip
    """A decode step of B sequences on a group of chips, with and without the memory's own attention."""
    cost = price_step(model, decode(batch, context), formats, parallelism, chips)
    attention: Array = 0.0
    around: Array = 0.0
    for item in cost.operators:
        if item.operator.kind is Kind.ATTENTION:
            attention = attention + item.total_time
        elif item.operator.block == "attention":
            around = around + item.total_time
    read = np.asarray(batch) * cache_bytes(model, formats, None, context)
    crossing = 4.0 * np.asarray(batch) * model.main.width * float(formats.wide) * model.main.depth / memory.link
    there = read / memory.inner + crossing
    rest = cost.time - attention
    return AttentionSplit(
        together=cost.time, apart=rest + there, pipelined=rest - around + np.maximum(around, there)
    )  # fmt: skip


def largest_batch(model: Model, formats: Formats, context: Array, capacity: float, *, weights: bool) -> Array:
    """Sequences whose caches fit, beside the weights or alone."""
    room = capacity - (float(weight_bytes(model, formats)) if weights else 0.0)
    return np.maximum(np.floor(room / np.asarray(cache_bytes(model, formats, None, context))), 0.0)
