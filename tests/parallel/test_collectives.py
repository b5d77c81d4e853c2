"""Collectives against their closed forms, and what no algorithm can beat."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.operators import Communication
from interlock.parallel import Links, collective_time
from interlock.parallel.collectives import TOPOLOGIES, sent_bytes

REDUCE, GATHER, SCATTER = Communication.ALL_REDUCE, Communication.ALL_GATHER, Communication.REDUCE_SCATTER
EXCHANGE, SEND = Communication.ALL_TO_ALL, Communication.POINT_TO_POINT
B, P, A, OUT, OUT_A = 400e9, 50e9, 2e-6, 50e9, 8e-6
BIG = 64e9  # bytes: the latency vanishes beside it


def links(topology: str = "switch", **changes: Any) -> Links:
    given_ = Links(
        topology=float(TOPOLOGIES.index(topology)),
        bandwidth=B,
        pair_bandwidth=P,
        domain=8.0,
        latency=A,
        out_bandwidth=OUT,
        out_latency=OUT_A,
    )
    return replace(given_, **changes)


kinds = st.sampled_from(list(Communication))
reachable = st.sampled_from([name for name in TOPOLOGIES if name not in ("none", "pairs")])
messages = st.floats(1.0, 1e12)
groups = st.integers(2, 512)


@pytest.mark.parametrize("n", [3, 4, 8])
def test_a_large_all_reduce_on_a_switch_is_a_ring(n: int):
    expected = 2 * (n - 1) / n * BIG / B + 2 * (n - 1) * A
    assert collective_time(REDUCE, BIG, n, links()) == pytest.approx(expected, rel=1e-12)


def test_two_chips_on_a_switch_swap_their_messages():
    assert collective_time(REDUCE, BIG, 2, links()) == pytest.approx(BIG / B + A, rel=1e-12)


def test_a_small_all_reduce_on_a_switch_reads_every_message_at_once():
    assert collective_time(REDUCE, 8.0, 8, links()) == pytest.approx(7 * 8 / B + A, rel=1e-12)


def test_an_all_reduce_between_is_a_tree():
    v = 4e6  # a ring pays 14 latencies, one shot sends 7 messages
    assert collective_time(REDUCE, v, 8, links()) == pytest.approx(2 * v / B + 6 * A, rel=1e-12)


@pytest.mark.parametrize("n", [2, 4, 8])
@pytest.mark.parametrize("kind", [GATHER, SCATTER])
def test_gather_and_scatter_on_a_switch_move_all_but_their_own_part(kind: Communication, n: int):
    assert collective_time(kind, BIG, n, links()) == pytest.approx((n - 1) / n * BIG / B + A, rel=1e-12)


@pytest.mark.parametrize("n", [2, 4, 8])
def test_an_all_to_all_on_a_switch_sends_each_other_chip_its_part(n: int):
    assert collective_time(EXCHANGE, BIG, n, links()) == pytest.approx(BIG / n * (n - 1) / n / B + A, rel=1e-12)


@pytest.mark.parametrize("n", [2, 4, 8])
def test_a_full_mesh_uses_its_direct_links_at_once(n: int):
    mesh = links("full-mesh")
    assert collective_time(REDUCE, BIG, n, mesh) == pytest.approx(2 * BIG / n / P + 2 * A, rel=1e-12)
    assert collective_time(GATHER, BIG, n, mesh) == pytest.approx(BIG / n / P + A, rel=1e-12)
    assert collective_time(EXCHANGE, BIG, n, mesh) == pytest.approx(BIG / n**2 / P + A, rel=1e-12)


@pytest.mark.parametrize("n", [3, 4, 8])
def test_a_ring_uses_both_directions(n: int):
    time = collective_time(REDUCE, BIG, n, links("ring"))
    assert time == pytest.approx(2 * (n - 1) / n * BIG / (2 * P) + 2 * (n - 1) * A, rel=1e-12)


@pytest.mark.parametrize("topology", ["ring", "torus-2d", "torus-3d", "full-mesh", "pairs"])
def test_two_chips_have_one_link_between_them(topology: str):
    pair = links(topology)
    assert collective_time(REDUCE, BIG, 2, pair) == pytest.approx(BIG / P + 2 * A, rel=1e-12)
    assert collective_time(EXCHANGE, BIG, 2, pair) == pytest.approx(BIG / 4 / P + A, rel=1e-6)


@pytest.mark.parametrize(("topology", "side", "dims"), [("torus-2d", 4, 2), ("torus-2d", 16, 2), ("torus-3d", 8, 3)])
def test_an_all_to_all_on_a_torus_is_bound_by_its_bisection(topology: str, side: int, dims: int):
    n = side**dims
    torus = links(topology, domain=float(n), bandwidth=2 * dims * P)
    crossing = BIG / 4  # half of each chip's data, from half of the chips
    wires = 2 * side ** (dims - 1)  # cut at two places of each ring
    expected = crossing / (wires * P) + dims * side / 2 * A
    assert collective_time(EXCHANGE, BIG, n, torus) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("topology", "side", "dims"), [("torus-2d", 4, 2), ("torus-3d", 8, 3)])
def test_an_all_reduce_on_a_torus_uses_all_rings(topology: str, side: int, dims: int):
    n = side**dims
    torus = links(topology, domain=float(n), bandwidth=2 * dims * P)
    expected = 2 * (n - 1) / n * BIG / (2 * dims * P) + 2 * dims * (side - 1) * A
    assert collective_time(REDUCE, BIG, n, torus) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("kind", [REDUCE, GATHER])
def test_beyond_the_domain_the_network_carries_the_cut_message(kind: Communication):
    steps = 2 if kind is REDUCE else 1
    inside = collective_time(kind, BIG, 8, links())
    between = steps * 3 / 4 * BIG / 8 / OUT + steps * 2 * OUT_A
    assert collective_time(kind, BIG, 32, links()) == pytest.approx(inside + between, rel=1e-12)


def test_beyond_the_domain_an_all_to_all_splits_by_destination():
    per_chip = BIG / 32
    inside = per_chip * 7 / 8 / B + A
    between = per_chip * 3 / 4 / OUT + OUT_A
    assert collective_time(EXCHANGE, BIG, 32, links()) == pytest.approx(inside + between, rel=1e-12)


def test_a_message_to_one_chip_takes_the_direct_link():
    assert collective_time(SEND, BIG, 2, links()) == pytest.approx(BIG / B + A)
    assert collective_time(SEND, BIG, 2, links("full-mesh")) == pytest.approx(BIG / P + A)


@pytest.mark.parametrize("kind", Communication)
@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_nothing_to_say_or_nobody_to_say_it_to_is_free(kind: Communication, topology: str):
    assert collective_time(kind, 0.0, 8, links(topology)) == 0
    assert collective_time(kind, BIG, 1, links(topology)) == 0


@pytest.mark.parametrize("kind", Communication)
def test_chips_without_links_never_finish(kind: Communication):
    assert collective_time(kind, 1.0, 2, links("none")) == np.inf
    assert collective_time(kind, 1.0, 4, links("pairs")) == np.inf
    alone = links("none", domain=1.0, bandwidth=np.nan, pair_bandwidth=np.nan, out_bandwidth=np.nan)
    assert collective_time(kind, 1.0, 2, alone) == np.inf


@pytest.mark.parametrize("kind", Communication)
def test_chips_that_only_the_network_joins_use_it(kind: Communication):
    alone = links("none", domain=1.0, bandwidth=np.nan, pair_bandwidth=np.nan)
    assert collective_time(kind, BIG, 2, alone) >= sent_bytes(kind, BIG, 2) / OUT
    assert np.isfinite(collective_time(kind, BIG, 2, alone))


@given(kinds, reachable, messages, groups, st.floats(1e9, 1e12), st.floats(0.01, 1.0), st.floats(0, 1e-4))
def test_nothing_beats_the_bandwidth_bound(
    kind: Communication, topology: str, message: float, n: int, bandwidth: float, share: float, latency: float
):
    domain = links(topology, bandwidth=bandwidth, pair_bandwidth=bandwidth * share, latency=latency, domain=float(n))
    bound = {
        REDUCE: 2 * (n - 1) / n * message,
        GATHER: (n - 1) / n * message,
        SCATTER: (n - 1) / n * message,
        EXCHANGE: (n - 1) / n**2 * message,
        SEND: message,
    }[kind]
    assert sent_bytes(kind, message, n) == pytest.approx(bound, rel=1e-12)
    assert collective_time(kind, message, n, domain) >= bound / bandwidth * (1 - 1e-12)


@given(kinds, reachable, messages, groups, st.floats(1.0, 100.0), st.sampled_from(["bandwidth", "message", "latency"]))
def test_more_bandwidth_or_less_to_send_or_less_latency_is_never_slower(
    kind: Communication, topology: str, message: float, n: int, factor: float, what: str
):
    slow = links(topology)
    before = collective_time(kind, message, n, slow)
    better = {
        "bandwidth": replace(slow, bandwidth=B * factor, pair_bandwidth=P * factor, out_bandwidth=OUT * factor),
        "latency": replace(slow, latency=A / factor, out_latency=OUT_A / factor),
        "message": slow,
    }[what]
    less = message / factor if what == "message" else message
    assert collective_time(kind, less, n, better) <= before * (1 + 1e-12)


@given(st.sampled_from([REDUCE, GATHER, SCATTER]), messages, st.integers(1, 511), st.integers(1, 16))
def test_a_larger_group_on_a_switch_is_never_faster(kind: Communication, message: float, n: int, domain: int):
    switch = links(domain=float(domain))
    assert collective_time(kind, message, n + 1, switch) >= collective_time(kind, message, n, switch) * (1 - 1e-12)


@given(messages, st.integers(2, 64))
def test_an_all_reduce_costs_at_least_its_scatter_alone(message: float, n: int):
    for topology in ("switch", "full-mesh", "ring", "torus-2d", "torus-3d", "mesh-2d"):
        here = links(topology, domain=64.0)
        assert collective_time(REDUCE, message, n, here) >= collective_time(SCATTER, message, n, here) * (1 - 1e-12)


@pytest.mark.parametrize("kind", Communication)
def test_columns_equal_one_by_one(kind: Communication):
    sizes, members = np.array([0.0, 1e3, 1e6, 1e9]), np.array([1.0, 2.0, 6.0, 8.0, 32.0, 100.0])
    many = [links(name) for name in TOPOLOGIES]
    columns = Links(**{
        key: np.array([getattr(item, key) for item in many])[:, None, None] for key in Links.__dataclass_fields__
    })  # fmt: skip
    found = collective_time(kind, sizes[None, :, None], members[None, None, :], columns)
    for t, here in enumerate(many):
        for i, size in enumerate(sizes):
            for j, n in enumerate(members):
                assert found[t, i, j] == pytest.approx(collective_time(kind, size, n, here), rel=1e-12)
