"""Queues whose waiting times are known exactly, and laws that hold for every queue."""

from __future__ import annotations

import heapq

import numpy as np
import pytest
from cases import cases
from hypothesis import HealthCheck, given, settings

from interlock.serving.clock import affine_clock
from interlock.serving.core import compiled
from interlock.serving.registry import policy
from interlock.serving.simulation import Engine, simulate
from interlock.workloads.arrivals import poisson
from interlock.workloads.requests import requests

ONE = policy("vllm", max_num_seqs=1)
UNIT = 10_000  # prompt tokens of the mean job, so that lengths are continuous enough


def single(lengths: np.ndarray, rate: float, seed: int, *, through_numba: bool):
    """Jobs of one token, served one by one: a prompt of n tokens takes n / UNIT seconds."""
    engine = Engine(clock=affine_clock(base_s=1e-12, token_s=1.0 / UNIT), kv_tokens=10**8, longest=10**7)
    arrivals = poisson(lengths.size, rate, seed)
    found = simulate(requests(arrivals, lengths, np.ones(lengths.size)), engine, ONE, compiled=through_numba)
    return found, found.finish_s - found.arrival_s - lengths / UNIT


def drawn(count: int, seed: int, law: str) -> np.ndarray:
    rng = np.random.default_rng(seed)
    if law == "constant":
        return np.full(count, UNIT)
    return np.maximum(np.rint(rng.exponential(UNIT, count)), 1)


@pytest.mark.parametrize("law", ["constant", "exponential"])
def test_waiting_is_lindleys_recursion(law: str):
    lengths = drawn(3000, 3, law)
    found, waited = single(lengths, 0.9, 4, through_numba=False)
    expected, free = [], 0.0
    for arrival, length in zip(found.arrival_s, lengths, strict=True):
        begin = max(arrival, free)
        free = begin + length / UNIT
        expected.append(begin - arrival)
    np.testing.assert_allclose(waited, expected, atol=1e-7)


@pytest.mark.parametrize(("law", "load"), [("constant", 0.5), ("constant", 0.8), ("exponential", 0.5)])
def test_mean_waiting_is_pollaczek_and_khinchins(law: str, load: float):
    _, waited = single(drawn(25_000, 5, law), load, 6, through_numba=False)
    squares = 1.0 if law == "constant" else 2.0
    assert waited.mean() == pytest.approx(load * squares / (2 * (1 - load)), rel=0.08)


@pytest.mark.slow
@pytest.mark.skipif(not compiled.available(), reason="needs Numba")
@pytest.mark.parametrize("law", ["constant", "exponential"])
@pytest.mark.parametrize("load", [0.5, 0.8, 0.9, 0.95])
def test_mean_waiting_is_within_two_percent_up_to_95_percent_load(law: str, load: float):
    runs = 4 if load < 0.9 else 24
    means = [single(drawn(10**6, seed, law), load, 100 + seed, through_numba=True)[1].mean() for seed in range(runs)]
    squares = 1.0 if law == "constant" else 2.0
    assert np.mean(means) == pytest.approx(load * squares / (2 * (1 - load)), rel=0.02)


def several(servers: int, outputs: np.ndarray, rate: float, seed: int, *, through_numba: bool):
    """Jobs that decode for as many steps as they have tokens, `servers` of them at once; prompts take nothing."""
    step = 1.0 / outputs.mean()
    engine = Engine(clock=affine_clock(base_s=step, token_s=0.0), kv_tokens=10**8, longest=10**7)
    arrivals = poisson(outputs.size, rate, seed)
    rule = policy("orca+paged", max_num_seqs=servers)
    found = simulate(requests(arrivals, np.ones(outputs.size), outputs), engine, rule, compiled=through_numba)
    return found, found.admitted_s - found.arrival_s, step


def erlang_wait(servers: int, load: float) -> float:
    """Mean wait of M/M/c with jobs of one second."""
    offered = servers * load
    terms = np.cumprod([1.0, *(offered / k for k in range(1, servers + 1))])
    blocked = terms[-1] / (1 - load)
    return blocked / (terms[:-1].sum() + blocked) / (servers * (1 - load))


def test_several_servers_wait_as_kiefer_and_wolfowitz_say():
    outputs = np.maximum(np.rint(np.random.default_rng(7).exponential(400.0, 3000)), 1)
    found, waited, step = several(4, outputs, 4 * 0.8, 8, through_numba=False)
    free, expected = [0.0] * 4, []
    for arrival, tokens in zip(found.arrival_s, outputs, strict=True):
        begin = max(arrival, heapq.heappop(free))
        heapq.heappush(free, begin + tokens * step)
        expected.append(begin - arrival)
    assert waited.mean() == pytest.approx(np.mean(expected), rel=0.03)  # a job starts with the step after it comes


@pytest.mark.slow
@pytest.mark.skipif(not compiled.available(), reason="needs Numba")
@pytest.mark.parametrize("load", [0.8, 0.95])
def test_mean_waiting_of_several_servers_is_erlangs(load: float):
    means = []
    for seed in range(24):
        rng = np.random.default_rng(seed)
        outputs = np.maximum(np.rint(rng.exponential(2000.0, 500_000)), 1)
        _, waited, step = several(8, outputs, 8 * load, 50 + seed, through_numba=True)
        means.append(waited.mean() - step / 2)  # a job waits half a step for the step under way to end
    assert np.mean(means) == pytest.approx(erlang_wait(8, load), rel=0.02)


@given(case=cases())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_comes_is_served_and_little_is_right(case):
    requests, engine, policy = case
    if policy.batching.gang:
        return
    found = simulate(requests, engine, policy, compiled=False)
    assert np.all(found.finish_s >= found.first_s)
    assert np.all(found.first_s > found.admitted_s - 1e-12)
    assert np.all(found.admitted_s >= found.arrival_s)
    assert found.replicas["tokens"].sum() == (requests.output * requests.samples).sum()
    assert np.all(found.replicas["busy_s"] <= found.finish_s.max() + 1e-9)
    times = np.unique(np.concatenate([found.arrival_s, found.finish_s]))
    inside = [((found.arrival_s <= t) & (found.finish_s > t)).sum() for t in times[:-1]]
    area = np.sum(np.asarray(inside) * np.diff(times))  # Little: the area is both N T and the sum of the stays
    assert area == pytest.approx(np.sum(found.finish_s - found.arrival_s))


@given(case=cases())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_memory_is_never_promised_twice_and_pages_waste_less_than_one_each(case):
    requests, engine, policy = case
    found = simulate(requests, engine, policy, compiled=False)
    assert np.all(found.replicas["peak_held"] <= found.replicas["blocks"])
    cached = requests.prefix_tokens // policy.memory.block if policy.memory.shares_prefixes else 0
    assert np.all(found.replicas["free"] + found.replicas["resident"] * cached == found.replicas["blocks"])
    assert np.all(found.replicas["running"] == 0)
    if policy.memory.grows and engine.speculation is None:  # drafts have room before they are accepted
        assert np.all(found.replicas["peak_waste"] < policy.memory.block * requests.samples.max())


def test_one_client_alone_is_served_as_if_batches_did_not_exist():
    """Orca with one request at a time is serial execution."""
    engine = Engine(clock=affine_clock(base_s=1e-3, token_s=1e-5), kv_tokens=10**5, longest=2048, concurrency=1)
    found = simulate(requests(np.zeros(20), np.full(20, 100), np.full(20, 30)), engine, policy("orca"), compiled=False)
    alone = 1e-3 + 100e-5 + 29 * 1e-3
    np.testing.assert_allclose(found.finish_s - found.arrival_s, alone)
    assert found.finish_s.max() == pytest.approx(20 * alone)


def test_nobody_idles_while_somebody_could_be_let_in():
    """Work conservation: with room for everyone, the engine is busy whenever somebody is there."""
    rng = np.random.default_rng(2)
    load = requests(poisson(300, 40.0, 1), rng.integers(1, 200, 300), rng.integers(1, 50, 300))
    engine = Engine(clock=affine_clock(base_s=2e-3, token_s=1e-5), kv_tokens=10**6, longest=4096)
    found = simulate(load, engine, policy("sarathi-serve"), compiled=False)
    order = np.argsort(found.arrival_s)
    busy, end = 0.0, 0.0
    for begin, finish in zip(found.arrival_s[order], found.finish_s[order], strict=True):
        busy += max(finish - max(begin, end), 0.0)
        end = max(end, finish)
    assert found.replicas["busy_s"][0] == pytest.approx(busy)
