"""What happens over time: exact means over spans, service of clients, histories that add up to the whole."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.serving.clock import affine_clock
from interlock.serving.fairness import edges_of, service, service_gap
from interlock.serving.history import LEVELS, TRACE_ROWS, history
from interlock.serving.metrics import latencies, measure
from interlock.serving.passing import happened, mean_under_way, spread_evenly
from interlock.serving.registry import policy
from interlock.serving.simulation import Engine, simulate
from interlock.workloads.requests import requests

CLOCK = affine_clock(base_s=5e-3, token_s=2e-5, sequence_s=1e-5)
times = st.lists(st.floats(0, 50), min_size=1, max_size=30)


@settings(max_examples=60, deadline=None)
@given(times, st.lists(st.floats(0, 20), min_size=30, max_size=30))
def test_a_mean_over_a_span_is_that_of_many_samples(begins, lengths):
    begin = np.asarray(begins)
    end = begin + np.asarray(lengths[: begin.size])
    edges = np.linspace(0.0, 80.0, 9)
    found = mean_under_way(begin, end, edges)
    overlap = np.clip(np.minimum(end[:, None], edges[1:]) - np.maximum(begin[:, None], edges[:-1]), 0, None)
    assert found == pytest.approx(overlap.sum(axis=0) / 10.0, abs=1e-9)
    assert np.sum(found * 10.0) == pytest.approx(np.sum(end - begin), abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(times, st.lists(st.sampled_from([0.0, 0.5, 7.0]), min_size=30, max_size=30))
def test_what_comes_evenly_has_all_come_at_the_end(begins, lengths):
    begin = np.asarray(begins)
    end = begin + np.asarray(lengths[: begin.size])
    amount = np.arange(1.0, begin.size + 1)
    found = spread_evenly(begin, end, np.linspace(0.0, 80.0, 41), amount)
    assert np.all(np.diff(found) >= -1e-9)
    assert found[-1] == pytest.approx(amount.sum())
    assert happened(begin, np.asarray([100.0]), amount)[0] == pytest.approx(amount.sum())


def outcome(rule="sarathi-serve", count=300, clients=3, gap=0.02, kv_tokens=20_000, max_num_seqs=64):
    rng = np.random.default_rng(5)
    load = requests(
        np.cumsum(rng.exponential(gap, count)), rng.integers(10, 400, count), rng.integers(2, 100, count),
        client=rng.integers(0, clients, count),
    )  # fmt: skip
    engine = Engine(clock=CLOCK, kv_tokens=kv_tokens)
    return simulate(load, engine, policy(rule, max_num_seqs=max_num_seqs), trace_rows=TRACE_ROWS)


def test_a_history_adds_up_to_the_figures():
    found = outcome(gap=0.2)
    told, m = history(found), measure(found)
    span = m.duration_s
    assert np.mean(told.tokens_per_s) * span == pytest.approx(m.output_tokens, rel=1e-4)
    waits = np.sum(found.admitted_s - found.arrival_s)
    assert np.mean(told.waiting) * span == pytest.approx(waits, rel=1e-4)
    assert np.mean(told.running) * span == pytest.approx(np.sum(found.finish_s - found.admitted_s), rel=1e-4)
    assert np.mean(told.held) == pytest.approx(m.kv_occupancy, rel=0.05)
    middle = LEVELS.index(50)
    for name in ("ttft", "tpot", "e2el"):
        assert told.quantiles[name][middle] == pytest.approx(getattr(m, name).p50, rel=1e-4)
        assert told.quantiles[name][-1] == pytest.approx(np.nanmax(latencies(found)[name]), rel=1e-4)
    assert told.quantiles["itl"][LEVELS.index(99)] == pytest.approx(m.itl.p99, rel=0.02)


def test_service_ends_at_what_was_asked_for():
    found = outcome()
    ends = service(found, edges_of(found))
    load, order = found.requests, found.policy.order
    for code, name in enumerate(load.clients):
        mine = load.client == code
        asked = order.prompt_weight * load.prompt[mine].sum() + order.token_weight * load.output[mine].sum()
        assert ends[name][-1] == pytest.approx(asked)


def test_fair_order_keeps_a_greedy_client_from_getting_ahead():
    """Two clients always have requests waiting, one of them four times as many, which first come serves four times."""
    count = 400
    load = requests(
        np.linspace(0.0, 4.0, count), np.full(count, 100), np.full(count, 50), client=(np.arange(count) % 5 == 0) + 0
    )
    engine = Engine(clock=CLOCK, kv_tokens=5_000)
    gaps = {
        rule: service_gap(simulate(load, engine, policy(rule, max_num_seqs=16)))
        for rule in ("sarathi-serve", "sarathi-serve+vtc")
    }
    assert gaps["sarathi-serve+vtc"] < 0.35 * gaps["sarathi-serve"]
    assert gaps["sarathi-serve+vtc"] <= 2 * max(100, 2.0 * 5_000)  # the paper's bound: 2 max(w_p L, w_q M)


def test_one_client_has_no_gap():
    assert service_gap(outcome(clients=1)) is None
