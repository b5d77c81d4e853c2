"""Hot and cold neurons."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.offloading.neurons import NeuronPlacement, Split, frequencies, greedy, solve

pytest.importorskip("scipy")


def test_frequencies_meet_both_numbers():
    found = frequencies(4096, 0.1, hot=0.26, covered=0.8)
    assert found.mean() == pytest.approx(0.1, rel=1e-3)
    assert found[: round(0.26 * 4096)].sum() / found.sum() == pytest.approx(0.8, rel=1e-3)
    assert np.all(np.diff(found) <= 0)
    assert found.max() <= 1


@given(st.lists(st.integers(0, 20), min_size=6, max_size=6), st.integers(0, 6), st.integers(0, 3))
@settings(max_examples=40)
def test_the_program_is_the_best_of_all_and_no_worse_than_greedy(counts, room, least):
    frequency = np.array(counts, dtype=float).reshape(2, 3)
    best = 0.0
    for bits in itertools.product([0, 1], repeat=6):
        chosen = np.array(bits).reshape(2, 3)
        used = chosen.sum(axis=1)
        if chosen.sum() <= room and all(count == 0 or count >= least for count in used):
            best = max(best, float((frequency * chosen).sum()))
    found = solve(frequency, 1.0, float(room), least)
    assert found.saved == pytest.approx(best)
    assert found.saved >= greedy(frequency, 1.0, float(room), least).saved - 1e-9


def test_a_layer_takes_the_slower_processor():
    frequency = np.array([[1.0, 0.5]])
    split = Split(device_rate=10.0, host_rate=1.0, synchronize=0.25)
    first = NeuronPlacement(on_device=np.array([[True, False]]), saved=1.0)
    assert split.token(first, frequency, 2.0, 1.0) == pytest.approx(1.0 + max(2 / 10, 1 / 1) + 0.25)
    all_there = NeuronPlacement(on_device=np.array([[False, False]]), saved=0.0)
    assert split.token(all_there, frequency, 2.0, 1.0) == pytest.approx(1.0 + 3.0)
