"""Caches that go from chips that read prompts to chips that decode: times by hand, on pools of one kind and of two."""

from __future__ import annotations

import numpy as np
import pytest

from interlock.serving.clock import affine_clock
from interlock.serving.engine import Engine, Group
from interlock.serving.policy import Policy
from interlock.serving.registry import policy
from interlock.serving.simulation import Outcome, simulate
from interlock.workloads.requests import requests

ONE = requests(np.asarray([0.0]), np.asarray([10]), np.asarray([3]))
LINK = {"transfer_s": 1e-3, "transfer_latency_s": 2e-3, "transfer_layers": 4, "prefill_replicas": 1}


def _served(rule: Policy, load=ONE, **changes) -> Outcome:
    clock = affine_clock(base_s=0.01)
    return simulate(load, Engine(clock=clock, kv_tokens=1600, **{"replicas": 2, **LINK, **changes}), rule)


def test_a_cache_takes_latency_and_its_tokens_over_the_link():
    found = _served(policy("distserve"))
    assert found.first_s[0] == pytest.approx(0.01)
    assert found.sent_s[0] == pytest.approx(0.01)
    assert found.landed_s[0] == pytest.approx(0.01 + 2e-3 + 10 * 1e-3)
    assert found.finish_s[0] == pytest.approx(0.022 + 2 * 0.01)


def test_layer_by_layer_only_the_last_layer_or_what_reading_does_not_hide_is_seen():
    assert _served(policy("splitwise")).landed_s[0] == pytest.approx(0.01 + 2e-3 + 10e-3 / 4)
    slow = _served(policy("splitwise"), transfer_s=5e-3)  # 50 ms, of which reading hides 10
    assert slow.landed_s[0] == pytest.approx(0.01 + 2e-3 + 40e-3)


def test_caches_wait_for_the_link_one_after_the_other():
    two = requests(np.asarray([0.0, 0.0]), np.asarray([10, 20]), np.asarray([3, 3]))
    found = _served(policy("distserve"), two)
    assert found.sent_s.tolist() == pytest.approx([0.01, 0.022])
    assert found.landed_s.tolist() == pytest.approx([0.022, 0.022 + 2e-3 + 20e-3])


def test_each_pool_has_its_own_chips():
    decoders = Group(clock=affine_clock(base_s=0.05), kv_tokens=320, replicas=1)
    found = _served(policy("distserve"), replicas=1, more=(decoders,))
    assert found.first_s[0] == pytest.approx(0.01)
    assert found.finish_s[0] == pytest.approx(0.022 + 2 * 0.05)
    assert found.replicas["blocks"].tolist() == [100, 20]
