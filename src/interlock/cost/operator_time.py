"""Seconds of one operator on one engine, from first principles.

idea:    the slowest of arithmetic, main memory and cache, plus a launch. Arithmetic is counted in blocks: a matmul is
         cut into output blocks that go over the cores in waves, the best of a few block shapes and splits along k.
symbols: m, n, k of the product, B batch, (bm, bn) block, g granule, C cores, w waves.
keeps:   never faster than the roofline: blocks only add work, shares are at most 1.
source:  Williams et al. 2009 (roofline); Hong and Kung 1981 (traffic of a product through a cache of given size).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from interlock.cost.chips import Chips, by_format
from interlock.operators import Array, Kind, Operator
from interlock.parallel import collective_time

# Neighbouring cores work on neighbouring blocks and ask for the same operands at the same time: a cluster with
# multicast, or a hit on a fetch under way, serves two of them with one pass through the cache.
_SHARED_FETCHES: Final = 2.0
_NOISE: Final = 1e-9
_SHORTEST_K: Final = 512.0  # shorter parts of a sum over k do not pay for adding them up


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorTime:
    """Seconds of one run of an operator, by what they are spent on; `time` is the largest bound plus the launch.

    Where a calibration says how long the kernel takes, `kernel` replaces that sum, launch included; `low` and `high`
    are then the ends of a 90 % band.
    """

    compute: Array
    memory: Array
    cache: Array
    network: Array
    launch: Array
    off_chip_bytes: Array
    cache_bytes: Array
    kernel: Array | None = None
    low: Array | None = None
    high: Array | None = None
    basis: str | None = None  # what `kernel` stands on; None for first principles

    @property
    def time(self) -> Array:
        """Seconds, launch included."""
        if self.kernel is not None:
            return self.kernel
        bound = np.maximum(np.maximum(self.compute, self.memory), np.maximum(self.cache, self.network))
        return bound + self.launch

    @property
    def bound(self) -> str:
        """What limits it, for a single candidate."""
        parts = {
            "compute": self.compute,
            "memory": self.memory,
            "cache": self.cache,
            "network": self.network,
            "launch": self.launch,
        }
        return max(parts, key=lambda name: float(np.asarray(parts[name])))


def operator_time(o: Operator, chips: Chips) -> OperatorTime:
    """Price one operator for every candidate at once."""
    if o.kind in {Kind.COLLECTIVE, Kind.TRANSFER}:
        return _communication(o, chips)
    compute, cache_traffic = _MATMUL_LIKE.get(o.kind, _plain_compute)(o, chips)
    off_chip = _off_chip_bytes(o, chips)
    passed = np.maximum(cache_traffic, o.moved_bytes)
    cache_time = np.where(np.isnan(chips.cache_bandwidth), 0.0, passed / _or_one(chips.cache_bandwidth))
    return OperatorTime(
        compute=compute * o.load,
        memory=off_chip * o.load / chips.bandwidth,
        cache=cache_time * o.load,
        network=0.0,
        launch=o.launches * chips.launch,
        off_chip_bytes=off_chip,
        cache_bytes=passed,
    )


def _communication(o: Operator, chips: Chips) -> OperatorTime:
    assert o.communication is not None
    time = collective_time(o.communication, o.message_bytes, o.group, chips.links) * o.load
    zero = 0.0
    return OperatorTime(
        compute=zero,
        memory=zero,
        cache=zero,
        network=time,
        launch=o.launches * chips.launch,
        off_chip_bytes=zero,
        cache_bytes=zero,
    )


def _off_chip_bytes(o: Operator, chips: Chips) -> Array:
    """Weights, caches and states come from main memory; activations too, unless the cache holds them.

    A product whose operands exceed the cache reads them again: at least 2 m n k / sqrt(cache elements) elements move.
    """
    activations = np.where(o.activation_bytes * 2 > chips.cache, o.activation_bytes, 0.0)
    compulsory = o.weight_bytes + o.kv_bytes + o.state_bytes + activations
    if o.kind is not Kind.MATMUL:
        return compulsory
    elements = np.maximum(chips.cache, 1e6) / 2.0
    again = o.flop / np.sqrt(elements) * 2.0
    return np.where(o.moved_bytes > chips.cache, np.maximum(compulsory, again), compulsory)


def _matmul_compute(o: Operator, chips: Chips) -> tuple[Array, Array]:
    """Seconds of arithmetic and bytes through the cache: the best block shape for each candidate."""
    peak = _peak(o, chips)
    per_core = peak / chips.cores
    gk = chips.granule[2]
    m, n = np.asarray(o.m, dtype=float), np.asarray(o.n, dtype=float)
    k = _up(np.asarray(o.k, dtype=float) / gk) * gk
    width = o.input_bytes / np.maximum(np.asarray(o.m * o.k * o.batch, dtype=float), 1.0)
    best, best_compute, traffic = np.asarray(np.inf), np.asarray(np.inf), np.asarray(0.0)
    for bm, bn in chips.blocks:
        tiled = bm > 0
        rows, columns = np.where(tiled, bm, 1.0), np.where(tiled, bn, 1.0)
        tiles = _up(m / rows) * _up(n / columns) * o.batch
        split = np.maximum(
            np.floor(chips.cores / np.maximum(tiles, 1.0) + _NOISE), 1.0
        )  # idle cores share the k of a block
        part = _up(np.maximum(k / split, np.minimum(k, _SHORTEST_K)) / gk) * gk
        waves = _up(tiles / chips.cores)
        time = np.where(tiled, waves * 2.0 * rows * columns * part / per_core, o.flop / peak)
        fetched = np.minimum(m, rows) + np.minimum(n, columns)
        through = np.where(tiled, tiles * fetched * k * width / _SHARED_FETCHES, 0.0)
        limited = np.where(np.isnan(chips.cache_bandwidth), 0.0, through / _or_one(chips.cache_bandwidth))
        slowest = np.maximum(time, limited)
        better = slowest < best
        best = np.where(better, slowest, best)
        best_compute, traffic = np.where(better, time, best_compute), np.where(better, through, traffic)
    return np.where(np.isnan(peak), np.nan, np.maximum(best_compute, o.flop / peak)), traffic


def _attention_compute(o: Operator, chips: Chips) -> tuple[Array, Array]:
    """Query rows of a KV head share a product; fewer rows than the granule waste the matrix unit."""
    peak = _peak(o, chips) * chips.attention
    rows = np.asarray(o.m, dtype=float) * ((o.ways or 1) / (o.kv_ways or o.ways or 1))
    granule = np.minimum(chips.granule[0], 16.0)  # products this narrow are transposed onto the finer side
    padded = _up(rows / granule) * granule / np.maximum(rows, 1.0)
    wasted = np.where(rows > 0, np.maximum(padded, 1.0), 1.0)
    return o.flop * wasted / peak, 0.0


def _plain_compute(o: Operator, chips: Chips) -> tuple[Array, Array]:
    """Work for the vector engine; a chip that publishes none is taken to keep up with its memory."""
    return np.where(np.isnan(chips.vector), 0.0, o.flop / _or_one(chips.vector)), 0.0


def _peak(o: Operator, chips: Chips) -> Array:
    peak = by_format(chips.peak, o.compute)
    return peak * np.where((np.asarray(o.sparse) > 0) & (chips.sparsity >= 2), 2.0, 1.0)


def _up(value: Array) -> Array:
    """To the next whole number, but for the noise of floating point just above one."""
    return np.ceil(value - _NOISE)


def _or_one(value: Array) -> Array:
    return np.where(np.isnan(value), 1.0, value)


_MATMUL_LIKE = {Kind.MATMUL: _matmul_compute, Kind.ATTENTION: _attention_compute}
