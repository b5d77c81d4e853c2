"""Caches of experts, and rings of layers, against brute force and closed forms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.offloading.experts import random_hit_rate, run_cache, token_seconds
from interlock.offloading.ring import ring_seconds, ring_timeline


@given(st.lists(st.lists(st.integers(0, 7), min_size=2, max_size=2, unique=True), min_size=1, max_size=40),
       st.integers(2, 8))  # fmt: skip
def test_the_cache_holds_the_last_used_experts(choices, size):
    """An expert hits when fewer than `size` others were used since: the stack distance of LRU."""
    found = run_cache(np.array(choices), size)
    flat = [expert for token in choices for expert in token]
    hits = 0
    for place, expert in enumerate(flat):
        before = flat[:place]
        if expert in before:
            last = len(before) - 1 - before[::-1].index(expert)
            hits += len(set(before[last + 1 :])) < size
    assert int(found.hits.sum()) == hits
    assert found.loaded == int(found.misses.sum())


def test_even_choices_hit_as_often_as_the_cache_is_large():
    rng = np.random.default_rng(0)
    choices = np.array([rng.permutation(8)[:2] for _ in range(20_000)])
    assert run_cache(choices[:, :1], 4).hit_rate == pytest.approx(random_hit_rate(8, 4), abs=0.01)


def test_right_guesses_leave_no_misses_and_wrong_ones_cost_loads():
    choices = np.array([[place % 8] for place in range(80)])
    right = run_cache(choices, 2, guesses=choices)
    assert right.misses.sum() == 0
    assert right.guessed.sum() == 80
    wrong = run_cache(choices, 2, guesses=(choices + 1) % 8)
    assert wrong.loaded > right.loaded


def test_guessed_loads_hide_behind_arithmetic():
    common = {"layers": 4, "compute_s": 1.0, "expert_bytes": 10.0, "rate": 100.0}
    assert token_seconds(**common, missed=1, guessed=0, ahead_s=0.5) == pytest.approx(1.4)
    assert token_seconds(**common, missed=0, guessed=1, ahead_s=0.5) == pytest.approx(1.0)
    assert token_seconds(**common, missed=0, guessed=1, ahead_s=0.05) == pytest.approx(1.2)


@given(st.integers(1, 12), st.integers(1, 5), st.floats(0.1, 5), st.floats(0.0, 5), st.integers(1, 3))
def test_the_ring_takes_what_its_closed_form_says(layers, buffers, compute, load, passes):
    found = ring_timeline(layers, buffers, compute, load, passes).makespan
    assert found == pytest.approx(ring_seconds(layers, buffers, compute, load, passes))


def test_a_ring_stalls_only_when_loads_are_longer():
    assert ring_timeline(24, 3, 1.0, 1.0).makespan == pytest.approx(24)
    assert ring_timeline(24, 3, 1.0, 2.0).makespan == pytest.approx(2 + 21 * 2)
