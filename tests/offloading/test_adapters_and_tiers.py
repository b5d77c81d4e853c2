"""Many adapters, and prefixes in host memory and flash."""

import itertools
from collections import OrderedDict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.hardware.node import node
from interlock.models import Formats, model, scheme
from interlock.offloading import machine_of
from interlock.offloading.adapters import adapter_elements, adapter_step, distinct_adapters, hit_rate, popularity
from interlock.offloading.kv_tiers import prefix_hit, stack_distances, tier_hits

HALF = Formats.of(scheme("fp16", "fp16"))


@pytest.fixture
def desktop():
    return machine_of(node("desktop-rtx4090"))


def cascade(blocks, capacities):
    """Tiers one after the other: what a tier evicts moves to the next, what is used moves to the first."""
    tiers = [OrderedDict() for _ in capacities]
    hits = [0] * (len(capacities) + 1)
    for block in blocks:
        for place, tier in enumerate(tiers):
            if block in tier:
                hits[place] += 1
                del tier[block]
                break
        else:
            hits[-1] += 1
        moved = block
        for tier, room in zip(tiers, capacities, strict=True):
            tier[moved] = None
            if len(tier) <= room:
                break
            moved, _ = tier.popitem(last=False)
    return tuple(hits)


@given(st.lists(st.integers(0, 9), max_size=80), st.lists(st.integers(1, 4), min_size=1, max_size=3))
def test_tiers_that_pass_down_what_they_evict_are_one_stack(blocks, capacities):
    assert tier_hits(blocks, capacities) == cascade(blocks, capacities)


def test_a_first_use_has_no_distance():
    assert list(stack_distances([3, 3, 1, 3])) == [np.inf, 0, np.inf, 1]


def test_reading_a_prefix_back_costs_its_bytes(desktop):
    tokens = np.array([100.0, 1000.0, 8000.0])
    found = prefix_hit(model("llama-3.1-8b"), desktop, HALF, tokens)
    assert found.host * desktop.to_device == pytest.approx(tokens * 32 * 2 * 8 * 128 * 2)
    assert np.all(found.storage >= found.host)
    assert np.all(found.saved("host") > 0)
    assert found.saved("host")[2] > found.saved("host")[1]


def test_adapters_have_rank_times_inputs_and_outputs():
    """Llama 2 7B: query, key, value, output of 4096 by 4096, gate, up, down of 4096 by 11008; 32 layers."""
    each = 4 * 2 * 4096 + 3 * (4096 + 11008)
    assert adapter_elements(model("llama-2-7b"), 8) == pytest.approx(8 * 32 * each)


def test_hits_of_a_pool_match_a_simulated_one():
    p = popularity(100, 0.8)
    rng = np.random.default_rng(0)
    asked = rng.choice(100, size=40_000, p=p)
    found = (stack_distances(asked.tolist()) < 20).mean()
    assert hit_rate(p, 20) == pytest.approx(found, abs=0.01)
    assert hit_rate(p, 100) == 1.0


def test_distinct_adapters_match_a_simulation():
    p = popularity(50, 1.0)
    rng = np.random.default_rng(0)
    drawn = [len(set(rng.choice(50, size=16, p=p))) for _ in range(4000)]
    assert distinct_adapters(p, 16) == pytest.approx(np.mean(drawn), rel=0.01)


def test_gathered_adapters_beat_one_step_each(desktop):
    common = {"rank": 16, "batch": 32, "context": 512.0, "output": 128.0, "pool": 2e9}
    many = [
        adapter_step(model("llama-2-7b"), desktop, HALF, adapters=count, **common) for count in (1, 8, 64, 512, 2048)
    ]
    assert all(a.step_s <= b.step_s for a, b in itertools.pairwise(many))
    assert many[-1].merged_s > 4 * many[-1].step_s
    assert many[0].merged_s == pytest.approx(many[0].base_s)
    assert many[-1].hit_rate < many[0].hit_rate == 1.0
