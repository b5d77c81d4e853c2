"""Replicas that follow the load: as many as the rule says, paid for from when they are bought until they are empty."""

from __future__ import annotations

import numpy as np
import pytest

from interlock.errors import InputError
from interlock.serving.clock import affine_clock
from interlock.serving.engine import Engine
from interlock.serving.lives import ALWAYS
from interlock.serving.metrics import measure
from interlock.serving.registry import policy
from interlock.serving.scaling import Scaling, scaling
from interlock.serving.simulation import simulate
from interlock.workloads.requests import requests

RULE = Scaling(target=2.0, window_s=10.0, period_s=5.0, hold_s=10.0)
SURGE = np.concatenate([np.arange(0.5, 30.0, 1.0), np.arange(30.1, 60.0, 0.2), np.arange(60.5, 120.0, 1.0)])


def test_replicas_are_the_rate_over_the_target_and_go_only_after_a_hold():
    times, counts = RULE.wanted(SURGE, 4)
    at = dict(zip(times.tolist(), counts.tolist(), strict=True))
    assert at[0.0] == at[30.0] == 1
    assert at[35.0] == 2  # 25 and 5 requests in ten seconds are 3 a second
    assert at[40.0] == at[60.0] == 3  # five a second at two each
    assert at[75.0] == 3 - 1  # three were wanted until 60 s, which is over ten seconds ago; two at 65 s
    assert at[80.0] == 1
    assert RULE.wanted(SURGE, 2)[1].max() == 2


def test_a_load_that_follows_is_served_by_fewer_replica_hours_and_no_request_is_lost():
    load = requests(SURGE, np.full(SURGE.size, 10), np.full(SURGE.size, 30))
    clock = affine_clock(base_s=0.01)

    def found(lives):
        return simulate(load, Engine(clock=clock, kv_tokens=1600, replicas=4, lives=lives), policy("vllm"))

    scaled, steady = found(RULE.lives(load.arrival_s, 4, 2.0)), found(ALWAYS)
    assert measure(scaled).replica_s < 0.6 * measure(steady).replica_s
    assert scaled.replicas["tokens"].sum() == load.output.sum()
    assert scaled.replicas["lost"].sum() == 0
    assert np.count_nonzero(scaled.replicas["paid_s"] + np.maximum(scaled.replicas["bought"], 0)) == 3


@pytest.mark.parametrize("text", ["rate", "rate=0", "window=5s", "rate=4,least=1.5", "rate=4,hold=-1s", "rate=4,up=3"])
def test_what_is_no_rule_is_refused(text):
    with pytest.raises(InputError, match="--autoscale"):
        scaling(text)
