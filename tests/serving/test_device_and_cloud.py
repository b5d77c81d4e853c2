"""Drafts over a slow link and questions that are passed on: closed forms, and nothing that comes before it can."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.serving.clock import affine_clock
from interlock.serving.registry import policy
from interlock.serving.remote_drafts import Pair, Wire, answer, cloud_only, pace_s
from interlock.serving.simulation import Engine, simulate
from interlock.serving.two_systems import Minds, ask
from interlock.workloads.requests import requests

DEVICE, CLOUD = affine_clock(base_s=0.03), affine_clock(base_s=0.02, token_s=1e-5)


def pair(**changed):
    given = {"device": DEVICE, "cloud": CLOUD, "wire": Wire(latency_s=0.05, bytes_per_s=1e6), "drafts": 4,
             "acceptance": 0.8}  # fmt: skip
    return Pair(**{**given, **changed})


@pytest.mark.parametrize("latency", [0.001, 0.05, 0.5])
@pytest.mark.parametrize(("drafts", "acceptance"), [(1, 0.5), (4, 0.8), (8, 0.9)])
def test_one_batch_at_a_time_has_the_pace_of_the_closed_form(latency, drafts, acceptance):
    one = pair(wire=Wire(latency_s=latency, bytes_per_s=1e6), drafts=drafts, acceptance=acceptance)
    assert answer(one, 50, 20_000).done_s / 20_000 == pytest.approx(pace_s(one, 50), rel=0.02)


@given(
    latency=st.floats(0.0, 0.5), drafts=st.integers(1, 8), acceptance=st.floats(0.0, 1.0), ahead=st.integers(1, 6),
    output=st.integers(1, 120), seed=st.integers(0, 99),
)  # fmt: skip
@settings(max_examples=100, deadline=None)
def test_tokens_add_up_and_the_first_is_the_devices_own(latency, drafts, acceptance, ahead, output, seed):
    one = pair(wire=Wire(latency_s=latency, bytes_per_s=1e6), drafts=drafts, acceptance=acceptance, ahead=ahead)
    found = answer(one, 50, output, seed)
    assert found.first_s == DEVICE.step_s(0, 0, [(50, 0)])
    assert found.done_s > 2 * latency
    assert 0 <= found.revoked <= found.drafted
    kept = found.drafted - found.revoked
    assert kept + found.passes >= output if ahead == 1 else kept + found.rejections >= output
    assert found.rejections <= found.passes


def test_running_ahead_pays_over_a_slow_link_and_revokes_more():
    slow = pair(wire=Wire(latency_s=0.3, bytes_per_s=1e6), acceptance=0.95)
    one, many = answer(slow, 50, 2000), answer(replace(slow, ahead=8), 50, 2000)
    assert many.done_s < 0.7 * one.done_s
    assert many.revoked > one.revoked


def test_a_draft_that_is_always_right_runs_at_the_pace_of_the_device():
    found = answer(pair(acceptance=1.0, ahead=1000), 50, 1000)
    assert found.revoked == 0
    assert found.done_s == pytest.approx(1000 * 0.03, rel=0.02)


def test_the_cloud_alone_waits_for_the_link_before_anything_is_shown():
    first, last = cloud_only(pair(), 50, 100, CLOUD)
    assert first == pytest.approx(2 * 0.05 + 50 * 4 / 1e6 + 4 / 1e6 + CLOUD.step_s(0, 0, [(50, 0)]))
    assert last > first


def minds(**changed):
    engine = Engine(clock=affine_clock(base_s=5e-3, token_s=1e-5), kv_tokens=10**6)
    given = {"device": DEVICE, "cloud": engine, "policy": policy("vllm"),
             "wire": Wire(latency_s=0.1, bytes_per_s=1e6), "device_ability": 0.0, "cloud_ability": 2.0}  # fmt: skip
    return Minds(**{**given, **changed})


def questions(count=60, rate=2.0):
    rng = np.random.default_rng(0)
    arrive = np.cumsum(rng.exponential(1 / rate, count))
    return requests(arrive, rng.integers(5, 60, count), rng.integers(5, 40, count)), rng.normal(size=count)


def test_thresholds_at_the_ends_are_the_device_alone_and_the_cloud_as_simulated():
    come, hard = questions()
    own, all_up = ask(minds(), come, hard, 99.0), ask(minds(), come, hard, -99.0)
    wanted = [
        DEVICE.step_s(0, 0, [(int(p), 0)]) + 0.03 * (int(o) - 1) for p, o in zip(come.prompt, come.output, strict=True)
    ]
    np.testing.assert_allclose(own.final_s, wanted)
    assert own.cloud_share == own.cloud_s == own.sent == 0
    free = simulate(replace(come, arrival_s=come.arrival_s + 0.1 + come.prompt * 4e-6), minds().cloud, policy("vllm"),
                    compiled=False)  # fmt: skip
    if np.all(np.diff(come.arrival_s + 0.1 + come.prompt * 4e-6) >= 0):
        np.testing.assert_allclose(all_up.final_s, free.finish_s + 0.1 + come.output * 4e-6 - come.arrival_s)
    assert all_up.cloud_share == 1


def test_a_busy_cloud_answers_later():
    come, hard = questions(rate=2.0)
    crowd = replace(come, arrival_s=come.arrival_s / 200)
    slow = minds(cloud=Engine(clock=affine_clock(base_s=5e-2), kv_tokens=10**6), policy=policy("vllm", max_num_seqs=2))
    assert ask(slow, crowd, hard, -99.0).final_s.mean() > 2 * ask(slow, come, hard, -99.0).final_s.mean()


def test_losses_cost_a_retry_each():
    come, hard = questions(2000, rate=200.0)
    wire = Wire(latency_s=0.1, bytes_per_s=1e6, loss=0.2, retry_s=0.5)
    found = ask(minds(wire=wire, device=affine_clock(base_s=0.0)), come, hard, -99.0)
    assert found.sent / 2000 == pytest.approx(2 / 0.8, rel=0.05)
