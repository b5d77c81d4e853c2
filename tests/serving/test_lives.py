"""Replicas that fail, drain, start and move: nothing is lost, nothing made twice, and the hours up are what is paid."""

from __future__ import annotations

import json

import numpy as np
import pytest
from cases import cases
from hypothesis import HealthCheck, given, settings

from interlock.errors import InputError
from interlock.serving.clock import affine_clock
from interlock.serving.engine import Engine
from interlock.serving.faults import Faults, faults, run
from interlock.serving.lives import Event, Lives, availability, failures, widened
from interlock.serving.metrics import measure
from interlock.serving.registry import policy
from interlock.serving.simulation import simulate
from interlock.workloads.arrivals import poisson
from interlock.workloads.requests import requests

STEP = affine_clock(base_s=0.01)
ONE = requests(np.asarray([0.0]), np.asarray([10]), np.asarray([5]))


def engine(*events: Event, replicas: int = 1, down: tuple[int, ...] = ()) -> Engine:
    lives = Lives(events=events, down_at_first=down)
    return Engine(clock=STEP, kv_tokens=1600, replicas=replicas, lives=lives)


@given(case=cases(most=25))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_token_is_lost_or_made_twice_whatever_goes_down(case):
    load, runs, rule = case
    found = simulate(load, runs, rule, compiled=False)
    assert np.all(found.arrival_s <= found.first_s)
    assert np.all(found.first_s <= found.finish_s)
    assert np.all(found.replicas["private"] == 0)
    assert np.all(found.replicas["assigned"] == 0)
    assert np.all(found.replicas["work"] == 0)
    if not rule.batching.gang:  # which also count what they make for nobody
        assert found.replicas["tokens"].sum() == (load.output * load.samples).sum()
        if runs.speculation is None:  # where some tokens come together
            assert found.gaps.sum() == ((load.output - 1) * load.samples).sum()


def test_a_failure_takes_the_step_under_way_and_the_cache():
    found = simulate(ONE, engine(*_down_and_up(0.025, moved=False)), policy("vllm"))
    assert found.first_s[0] == pytest.approx(0.01)
    assert found.finish_s[0] == pytest.approx(1.03)  # two tokens before; read again, with the third; two more
    assert found.replicas["lost"][0] == 11  # ten of the prompt, and the first of the two
    assert found.rerouted[0] == 1
    assert measure(found).replica_s == pytest.approx(0.025 + 0.03)


def test_a_cache_that_was_moved_is_not_read_again():
    found = simulate(ONE, engine(*_down_and_up(0.025, moved=True)), policy("vllm"))
    assert found.finish_s[0] == pytest.approx(1.03)
    assert (found.replicas["lost"][0], found.replicas["recomputed"][0]) == (0, 0)
    assert found.replicas["prompt_tokens"][0] == 10


def test_a_replica_that_is_drained_takes_nothing_new_and_is_given_up_when_empty():
    load = requests(np.asarray([0.0, 0.02, 0.03]), np.full(3, 10), np.full(3, 5))
    told = Event(time_s=0.025, replica=0, up=False, grace_s=1e300)
    found = simulate(load, engine(told, replicas=2), policy("vllm+round-robin"))
    assert found.replica.tolist() == [0, 1, 1]
    assert found.replicas["interrupted"].sum() == 0
    assert found.replicas["paid_s"][0] == pytest.approx(0.05)
    late = requests(np.asarray([0.0, 0.001, 0.002]), np.full(3, 4000), np.full(3, 5))
    waits = Engine(clock=STEP, kv_tokens=4100, replicas=2, lives=Lives(events=(told,)))
    assert simulate(late, waits, policy("vllm+round-robin")).replica.tolist() == [0, 1, 1]  # the third was waiting


def test_a_replica_serves_once_its_weights_are_there_and_is_paid_before():
    come = Event(time_s=0.5, replica=0, up=True, start_up_s=0.25)
    found = simulate(ONE, engine(come, down=(0,)), policy("vllm"))
    assert found.first_s[0] == pytest.approx(0.76)
    assert measure(found).replica_s == pytest.approx(0.3)
    gone = Event(time_s=0.6, replica=0, up=False)
    again = Event(time_s=1.0, replica=0, up=True)
    assert simulate(ONE, engine(come, gone, again, down=(0,)), policy("vllm")).first_s[0] == pytest.approx(1.01)


def test_requests_that_nobody_will_ever_serve_are_refused():
    with pytest.raises(InputError, match="no replica for 1 request"):
        simulate(ONE, engine(Event(time_s=0.02, replica=0, up=False)), policy("vllm"))
    with pytest.raises(InputError, match="replicas 0 to 0"):
        simulate(ONE, engine(Event(time_s=0.02, replica=1, up=False)), policy("vllm"))


def test_a_prefix_cache_is_empty_after_a_failure():
    load = requests(np.asarray([0.0, 0.5, 2.0]), np.full(3, 33), np.full(3, 2), prefixes=[[1, 2]] * 3, prefix_tokens=16)
    found = simulate(load, engine(*_down_and_up(0.7, moved=False)), policy("vllm+prefix-cache"))
    assert found.cached.tolist() == [0, 32, 0]


def test_failures_are_as_frequent_as_they_should_be_and_longer_runs_begin_the_same():
    drawn = failures(20, 1e6, mtbf_s=900.0, mttr_s=100.0, seed=4)
    down = [event for event in drawn.events if not event.up]
    assert len(down) == pytest.approx(20 * 1e6 / 1000.0, rel=0.03)
    short = failures(20, 1e4, mtbf_s=900.0, mttr_s=100.0, seed=4)
    assert set(short.events) <= set(drawn.events)
    assert {event.replica for event in widened(short, 2).events} == set(range(40))


def test_the_share_of_time_up_is_mtbf_over_mtbf_and_mttr():
    load = requests(poisson(4000, 2.0, 0), np.full(4000, 10), np.full(4000, 3))
    found = run(load, Engine(clock=STEP, kv_tokens=1600, replicas=8), policy("vllm"),
                Faults(mtbf_s=30.0, mttr_s=10.0, seed=1).comings(8, 0.0))  # fmt: skip
    metrics = measure(found)
    assert metrics.replica_s / (8 * metrics.duration_s) == pytest.approx(0.75, abs=0.02)
    assert metrics.interrupted > 0
    assert found.replicas["tokens"].sum() == 12000


def test_a_run_that_outlasts_its_failures_has_more_of_them_drawn():
    load = requests(np.zeros(30), np.full(30, 10), np.full(30, 600))  # 60 s are drawn at first
    found = run(load, Engine(clock=STEP, kv_tokens=1600), policy("vllm", max_num_seqs=1),
                Faults(mtbf_s=7.0, mttr_s=1.0).comings(1, 0.0))  # fmt: skip
    assert found.finish_s.max() > 180
    assert found.rerouted.sum() > 15


def test_availability_says_how_many_there_are():
    lives = availability([0.0, 60.0, 90.0], [2, 1, 3], 3, grace_s=5.0)
    assert lives.down_at_first == (2,)
    assert [(event.replica, event.up, event.time_s) for event in lives.events] == [
        (1, False, 60.0), (1, True, 90.0), (2, True, 90.0),
    ]  # fmt: skip
    for times, counts in (([1.0], [1]), ([0.0, 0.0], [1, 2]), ([0.0], [4]), ([], [])):
        with pytest.raises(InputError):
            availability(times, counts, 3)


@pytest.mark.parametrize("text", ["mtbf", "mtbf=0s", "mttr=1min", "mtbf=6", "mtbf=6h,seed=x", "mtbf=6h,size=2"])
def test_what_is_no_failure_rate_is_refused(text):
    with pytest.raises(InputError, match="--faults"):
        faults(text)


def test_faults_and_availability_on_the_command_line(capsys, tmp_path):
    from interlock.cli import main

    base = ["simulate", "--model", "llama-3.1-8b", "--chip", "h100-sxm", "--replicas", "3", "--requests", "400",
            "--trace", "azure-conv", "--rate", "20", "--json"]  # fmt: skip

    def found(*flags: str) -> dict[str, float]:
        with pytest.raises(SystemExit) as stopped:
            main([*base, *flags])
        assert stopped.value.code in (0, None)
        return json.loads(capsys.readouterr().out)["policies"]["sarathi-serve"]

    plain, failing = found(), found("--faults", "mtbf=10s,mttr=3s,seed=1", "--start-up", "1s")
    assert failing["interrupted"] > 0 == plain["interrupted"]
    assert failing["output_tokens"] == plain["output_tokens"]
    assert failing["replica_s"] < plain["replica_s"]
    there = tmp_path / "there.csv"
    there.write_text("time_s,replicas\n0,3\n5,1\n15,2\n")
    assert found("--availability", str(there), "--grace", "2s")["replica_s"] < plain["replica_s"]


def _down_and_up(time_s: float, *, moved: bool) -> tuple[Event, Event]:
    return Event(time_s=time_s, replica=0, up=False, moved=moved), Event(time_s=1.0, replica=0, up=True)
