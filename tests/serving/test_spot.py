"""Machines that are taken away with notice: what is moved is least, and what is done is not done again."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.serving.clock import affine_clock
from interlock.serving.metrics import latencies
from interlock.serving.registry import policy
from interlock.serving.simulation import simulate
from interlock.serving.spot.choice import Priced, choose
from interlock.serving.spot.matching import assignment
from interlock.serving.spot.places import Shape, kept, mapping, places
from interlock.serving.spot.replay import Change, Machines, migrate, reroute, restart
from interlock.workloads.requests import requests

SMALL, LARGE = (
    Priced(shape=Shape(tensor=1, stages=2), clock=affine_clock(base_s=0.02), kv_tokens=3200),
    Priced(shape=Shape(tensor=1, stages=3), clock=affine_clock(base_s=0.01), kv_tokens=3200),
)
ON = Machines(chips=1, network=60.0, storage=20.0, grace_s=3.0, weight_bytes=600.0, cache_bytes=60.0)


@given(seed=st.integers(0, 2**31), rows=st.integers(1, 6), more=st.integers(0, 2))
@settings(max_examples=80, deadline=None)
def test_the_matching_costs_no_more_than_any_permutation(seed, rows, more):
    cost = np.random.default_rng(seed).integers(-9, 9, (rows, rows + more)).astype(float)
    found = assignment(cost)
    assert len(set(found.tolist())) == rows
    least = min(cost[np.arange(rows), list(order)].sum() for order in itertools.permutations(range(rows + more), rows))
    assert cost[np.arange(rows), found].sum() == least


def test_a_chip_keeps_the_overlap_of_layers_and_parts():
    whole, halves, quarters = places(Shape(tensor=1, stages=1), 1), places(Shape(tensor=1, stages=2), 1), places(
        Shape(tensor=2, stages=2), 2
    )  # fmt: skip
    assert kept(whole, halves, 8.0, 0.0).tolist() == [[4.0, 4.0]]
    assert kept(halves, quarters[:4], 8.0, 0.0).tolist() == [[2.0, 2.0, 0.0, 0.0], [0.0, 0.0, 2.0, 2.0]]
    assert kept(halves, quarters[4:], 8.0, 4.0).sum() == 8.0  # another pipeline: weights, no caches
    assert kept(halves, quarters[:4], 8.0, 4.0).sum() == 12.0
    machine, missing = mapping([halves[1:], None, halves[:1]], halves, 1, 8.0, 0.0)
    assert machine == [2, 0]
    assert missing.tolist() == [0.0, 0.0]


def test_the_quickest_configuration_that_keeps_up_is_chosen_or_the_one_with_most_throughput():
    assert choose([SMALL, LARGE], 1, 1.0, prompt=10, output=10) is None
    quick = choose([SMALL, LARGE], 3, 1.0, prompt=10, output=10)
    assert (quick.priced, quick.pipelines) == (LARGE, 1)
    busy = choose([SMALL, LARGE], 2, 1e9, prompt=10, output=10)
    assert (busy.priced, busy.pipelines) == (SMALL, 1)


def _found(how, trace):
    load = requests(np.asarray([0.0, 0.5, 9.0]), np.full(3, 10), np.full(3, 400))
    engine = how(trace, [SMALL, LARGE], lambda chips: choose([SMALL, LARGE], chips, 1e-3, prompt=10, output=400), ON)
    return load, simulate(load, engine, policy("orca+paged"))


def test_what_was_done_before_a_notice_is_not_done_again_where_caches_move():
    trace = [Change(time_s=0.0, come=("a", "b", "c")), Change(time_s=1.0, go=("a",))]
    load, moved = _found(migrate, trace)
    assert moved.replicas["lost"].sum() == 0
    assert moved.replicas["prompt_tokens"].sum() == load.prompt.sum()
    _, again = _found(restart, trace)
    _, gone = _found(reroute, [*trace, Change(time_s=2.0, come=("d",))])
    for found in (moved, again, gone):
        assert found.replicas["tokens"].sum() == load.output.sum()
    assert again.replicas["lost"].sum() > 0
    assert gone.replicas["lost"].sum() > 0
    first = {name: latencies(found)["e2el"][0] for name, found in (("moved", moved), ("again", again))}
    assert first["moved"] < first["again"]


def test_the_pause_for_moving_is_what_is_missing_over_the_network():
    trace = [Change(time_s=0.0, come=("a", "b", "c")), Change(time_s=1.005, go=("a",))]
    _, found = _found(migrate, trace)
    # from thirds to halves: the machine with the first third goes, so the one with the second, which has 110 of the 330
    # bytes of the first half, fetches 220 at 60 a second; that is longer than the notice, so moving begins at once
    made = 100  # steps of 10 ms that have ended when it stops
    assert found.finish_s[0] == pytest.approx(1.005 + 220.0 / 60.0 + (400 - made) * 0.02)


def test_moving_ends_with_the_notice_where_there_is_time():
    trace = [Change(time_s=0.0, come=("a", "b", "c")), Change(time_s=2.005, go=("a",))]
    _, found = _found(migrate, trace)
    assert found.finish_s[0] == pytest.approx(2.005 + 220.0 / 60.0 + (400 - 200) * 0.02)
    quick = replace(ON, network=220.0)
    load = requests(np.asarray([0.0]), np.asarray([10]), np.asarray([400]))
    engine = migrate(trace, [SMALL, LARGE], lambda chips: choose([SMALL, LARGE], chips, 1e-3, prompt=10, output=400),
                     quick)  # fmt: skip
    alone = simulate(load, engine, policy("orca+paged"))
    assert alone.finish_s[0] == pytest.approx(4.0)  # all 400 are made before moving, which takes a second, begins
