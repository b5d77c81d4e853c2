"""Pareto fronts against brute force."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from interlock.search.front import front

values = st.sampled_from([0.5, 1.0, 1.01, 1.02, 1.5, 2.0, 3.0, 100.0, np.inf])
points = st.tuples(st.integers(1, 40), st.integers(1, 4)).flatmap(lambda shape: arrays(float, shape, elements=values))


def brute_force(points: np.ndarray) -> list[int]:
    kept = []
    for i, row in enumerate(points):
        beaten = any(np.all(other <= row) and np.any(other < row) for other in points)
        copy = any(np.array_equal(points[j], row) for j in range(i))
        if not beaten and not copy:
            kept.append(i)
    return kept


@given(points)
def test_an_exact_front_is_that_of_brute_force(objectives: np.ndarray):
    assert front(objectives, step=1.0).tolist() == brute_force(objectives)


@given(points, st.sampled_from([1.03, 1.2, 2.0]))
def test_for_every_candidate_the_front_has_one_as_good_within_a_step(objectives: np.ndarray, step: float):
    kept = objectives[front(objectives, step)]
    for row in objectives:
        assert np.any(np.all(kept <= row * step * (1 + 1e-12), axis=1))


@given(points, st.sampled_from([1.0, 1.03, 2.0]))
def test_no_entry_is_a_step_better_than_another_in_everything(objectives: np.ndarray, step: float):
    kept = objectives[front(objectives, step)]
    for i, row in enumerate(kept):
        for j, other in enumerate(kept):
            worse = np.all(other * step < row) and np.all(np.isfinite(row))
            assert i == j or not worse


@given(points)
def test_the_front_is_the_same_twice_and_in_order(objectives: np.ndarray):
    first, second = front(objectives), front(objectives.copy())
    assert first.tolist() == second.tolist() == sorted(set(first.tolist()))


@given(points)
def test_the_order_of_candidates_does_not_change_what_is_on_an_exact_front(objectives: np.ndarray):
    turned = objectives[::-1]
    here = {tuple(row) for row in objectives[front(objectives, 1.0)]}
    there = {tuple(row) for row in turned[front(turned, 1.0)]}
    assert here == there


def test_no_candidates_have_no_front():
    assert front(np.zeros((0, 3))).tolist() == []
