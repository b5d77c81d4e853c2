"""Links between chips: times of collectives, and tori counted link by link."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from math import prod

from interlock.hardware import Chip, chip
from interlock.operators import Communication
from interlock.parallel.collectives import TOPOLOGIES, Links, collective_time


def links_of(name: str, *, share: float = 1.0, latency: float = 0.0, domain: int | None = None) -> Links:
    """The links of a chip at a share of their peak, without latency unless one is given."""
    return links(chip(name), share=share, latency=latency, domain=domain)


def links(found: Chip, *, share: float = 1.0, latency: float = 0.0, domain: int | None = None) -> Links:
    """The same for a chip that is at hand."""
    up, out = found.links["scale_up"], found.links.get("scale_out")
    bandwidth = (up.bandwidth or float("nan")) * share
    return Links(
        topology=TOPOLOGIES.index(up.topology),
        bandwidth=bandwidth,
        pair_bandwidth=(up.pair_bandwidth or bandwidth / share) * share,
        domain=domain or up.domain or 8,
        latency=latency,
        out_bandwidth=((out.bandwidth if out else None) or float("nan")) * share,
        out_latency=latency,
    )


def seconds(kind: Communication, amount: float, group: int, over: Links) -> float:
    """Time of one collective."""
    return float(collective_time(kind, amount, group, over))


def bus_bandwidth(amount: float, group: int, over: Links) -> float:
    """What benchmarks call bus bandwidth of an all-reduce: 2 (n - 1) / n bytes / time."""
    return 2 * (group - 1) / group * amount / seconds(Communication.ALL_REDUCE, amount, group, over)


def torus_links(sides: Sequence[int]) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Every link of a torus, once; a ring of two has one link, not two."""
    found = []
    for here in itertools.product(*(range(side) for side in sides)):
        for axis, side in enumerate(sides):
            if side == 1 or (side == 2 and here[axis] == 1):
                continue
            there = tuple((value + 1) % side if index == axis else value for index, value in enumerate(here))
            found.append((here, there))
    return found


def torus_links_across(sides: Sequence[int]) -> int:
    """Links that join the two halves of the longest axis, counted one by one."""
    axis = max(range(len(sides)), key=lambda index: sides[index])
    half = sides[axis] // 2
    return sum((a[axis] < half) != (b[axis] < half) for a, b in torus_links(sides))


def torus_bisection(sides: Sequence[int], link: float) -> float:
    """Bytes a second, one direction, between the halves of a torus: 2 x chips / longest side x link."""
    return 2.0 * prod(sides) / max(sides) * link


def torus_hops(sides: Sequence[int], a: Sequence[int], b: Sequence[int]) -> int:
    """Links on the shortest way between two places."""
    return sum(min((x - y) % side, (y - x) % side) for x, y, side in zip(a, b, sides, strict=True))
