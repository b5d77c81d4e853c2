"""Time of collectives over topologies: the alpha-beta model, the best algorithm the topology allows.

sources: Thakur, Rabenseifner and Gropp 2005 (ring, recursive doubling, Rabenseifner); Chan et al. 2007 (lower bounds);
         Jouppi et al. 2023 (torus of TPU v4). One-shot: every chip reads every other's whole message, one latency.
symbols: n chips, V bytes of the whole tensor, b bandwidth of a chip (one direction, all links), p of one pair,
         a latency of a hop.
keeps:   no algorithm beats the bandwidth bound: 2 (n-1)/n V/b for all-reduce, (n-1)/n V/b for gather and scatter,
         (n-1)/n^2 V/b for all-to-all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from interlock.operators import Array, Communication

TOPOLOGIES: Final = ("none", "switch", "full-mesh", "ring", "torus-2d", "torus-3d", "pairs", "mesh-2d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Scale-up and scale-out links of a chip or of a column of chips; bandwidths are achieved, one direction."""

    topology: Array  # index into TOPOLOGIES
    bandwidth: Array
    pair_bandwidth: Array
    domain: Array
    latency: Array
    out_bandwidth: Array
    out_latency: Array


def collective_time(kind: Communication, message: Array, group: Array, links: Links) -> Array:
    """Seconds for one collective; infinite where the chips have no way to reach each other.

    Groups larger than the scale-up domain work in two levels: inside the domain, then between domains over the
    scale-out link with the message already cut by the size of the domain. In an all-to-all each domain exchanges only
    the data of its own chips.
    """
    n = np.asarray(group, dtype=float)
    v = np.asarray(message, dtype=float)
    inner = np.minimum(n, links.domain)
    outer = np.maximum(n / inner, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        own = v / outer if kind is Communication.ALL_TO_ALL else v
        time = _inside(kind, own, inner, links)
        beyond = _LEVELS[kind](kind, v, inner, outer, links)
    total = time + np.where(outer > 1, beyond, 0.0)
    return np.where((n <= 1) | (v <= 0), 0.0, np.where(np.isnan(total), np.inf, total))[()]


def sent_bytes(kind: Communication, message: Array, group: Array) -> Array:
    """Bytes that each chip must send, whatever the algorithm: the bandwidth bound times the bandwidth."""
    n = np.maximum(np.asarray(group, dtype=float), 1.0)
    if kind is Communication.POINT_TO_POINT:
        return np.where(n > 1, message, 0.0)[()]
    share: Array = (n - 1) / n**2 if kind is Communication.ALL_TO_ALL else _VOLUME[kind] * (n - 1) / n
    return share * message


def _inside(kind: Communication, v: Array, n: Array, links: Links) -> Array:
    """Within a domain, the formula of its topology."""
    t = np.asarray(links.topology)
    cube = np.where(t == TOPOLOGIES.index("torus-3d"), 3, 2)
    steps = _LATENCY_STEPS[kind]
    volume = _VOLUME[kind] * (n - 1) / n * v
    lanes = np.where(n <= 2, 1.0, 2.0)  # two chips share one link, a longer ring has two directions
    ring = volume / (lanes * links.pair_bandwidth) + steps * (n - 1) * links.latency
    switch = _switch(kind, v, n, volume, steps, links)
    mesh = volume / ((n - 1) * links.pair_bandwidth) + steps * links.latency
    torus = _torus(kind, v, n, volume, steps, cube, lanes, links)
    pair = volume / links.pair_bandwidth + steps * links.latency
    if kind is Communication.ALL_TO_ALL:
        ring = v / 4 / lanes / links.pair_bandwidth + n / 2 * links.latency
        mesh = v / n**2 / links.pair_bandwidth + links.latency
        pair = v / 4 / links.pair_bandwidth + links.latency
    if kind is Communication.POINT_TO_POINT:
        direct = np.where(t == TOPOLOGIES.index("switch"), links.bandwidth, links.pair_bandwidth)
        switch = ring = mesh = torus = pair = v / direct + links.latency
    choices = {
        "switch": switch,
        "full-mesh": mesh,
        "ring": ring,
        "torus-2d": torus,
        "torus-3d": torus,
        "mesh-2d": 2 * torus,
        "pairs": np.where(n <= 2, pair, np.inf),
    }
    time = np.select([t == TOPOLOGIES.index(name) for name in choices], list(choices.values()), np.inf)
    return np.where(n <= 1, 0.0, np.maximum(time, sent_bytes(kind, v, n) / links.bandwidth))


def _switch(kind: Communication, v: Array, n: Array, volume: Array, steps: float, links: Links) -> Array:
    """Ring for large messages, one-shot or tree for small ones."""
    bandwidth, a = links.bandwidth, links.latency
    ring = volume / bandwidth + steps * (n - 1) * a
    if kind is Communication.ALL_TO_ALL:
        return v / n * (n - 1) / n / bandwidth + a
    if kind is Communication.POINT_TO_POINT:
        return v / bandwidth + a
    tree = volume / bandwidth * n / np.maximum(n - 1, 1) + steps * np.log2(np.maximum(n, 2)) * a
    shot = (n - 1) * v / (1.0 if kind is Communication.ALL_REDUCE else n) / bandwidth + a
    return np.minimum(np.minimum(ring, tree), shot)


def _torus(
    kind: Communication, v: Array, n: Array, volume: Array, steps: float, cube: Array, lanes: Array, links: Links
) -> Array:
    """Rings along every axis at once; all-to-all is bound by the bisection."""
    dims = np.minimum(cube, np.where(n <= 4, 1, np.where(n <= 16, 2, 3)))
    side = n ** (1.0 / dims)
    if kind is Communication.ALL_TO_ALL:
        return v * side / (4 * lanes * n * links.pair_bandwidth) + dims * side / 2 * links.latency
    return volume / (lanes * dims * links.pair_bandwidth) + steps * dims * (side - 1) * links.latency


def _reduce_levels(kind: Communication, v: Array, inner: Array, outer: Array, links: Links) -> Array:
    """What the network between domains adds: the message cut by the domain, around a ring of domains."""
    volume = _VOLUME[kind] * (outer - 1) / outer * v / inner
    return volume / links.out_bandwidth + _LATENCY_STEPS[kind] * np.log2(np.maximum(outer, 2)) * links.out_latency


def _exchange_levels(_kind: Communication, v: Array, inner: Array, outer: Array, links: Links) -> Array:
    """All-to-all between domains: the share of each chip's data whose destination lies outside its domain."""
    chips = inner * outer
    return v / chips * (outer - 1) / outer / links.out_bandwidth + links.out_latency


def _point_levels(_kind: Communication, v: Array, _inner: Array, _outer: Array, links: Links) -> Array:
    return v / links.out_bandwidth + links.out_latency


_VOLUME: Final = {
    Communication.ALL_REDUCE: 2.0,
    Communication.ALL_GATHER: 1.0,
    Communication.REDUCE_SCATTER: 1.0,
    Communication.ALL_TO_ALL: 1.0,
    Communication.POINT_TO_POINT: 1.0,
}
_LATENCY_STEPS: Final = {
    Communication.ALL_REDUCE: 2.0,
    Communication.ALL_GATHER: 1.0,
    Communication.REDUCE_SCATTER: 1.0,
    Communication.ALL_TO_ALL: 1.0,
    Communication.POINT_TO_POINT: 1.0,
}
_LEVELS: Final = {
    Communication.ALL_REDUCE: _reduce_levels,
    Communication.ALL_GATHER: _reduce_levels,
    Communication.REDUCE_SCATTER: _reduce_levels,
    Communication.ALL_TO_ALL: _exchange_levels,
    Communication.POINT_TO_POINT: _point_levels,
}
