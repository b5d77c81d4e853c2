"""Levels by k-means: no worse than a grid, settled, and close to the optimum that dynamic programming finds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.errors import InputError
from interlock.numerics.clustering import levels_of, nearest_level, weighted_error


def optimum(x: np.ndarray, w: np.ndarray, count: int) -> float:
    """The least error of so many stretches of sorted values."""
    order = np.argsort(x)
    x, w = x[order], w[order]
    size = len(x)
    cost = np.zeros((size + 1, size + 1))
    for a in range(size):
        for b in range(a + 1, size + 1):
            mean = (w[a:b] @ x[a:b]) / w[a:b].sum()
            cost[a, b] = w[a:b] @ (x[a:b] - mean) ** 2
    best = cost[0].copy()
    for _ in range(count - 1):
        best = np.array([min(best[a] + cost[a, b] for a in range(b + 1)) for b in range(size + 1)])
    return float(best[-1])


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31), st.integers(2, 5))
def test_levels_are_settled_and_near_the_optimum(seed, count):
    rng = np.random.default_rng(seed)
    x, w = rng.standard_normal(40), rng.random(40) + 0.01
    found = levels_of(x, count, w)
    place = nearest_level(x, found)
    for level in range(count):
        mine = place == level
        if mine.any():
            assert found[level] == pytest.approx((w[mine] @ x[mine]) / w[mine].sum())
    least = optimum(x, w, count)
    assert least - 1e-9 <= weighted_error(x, found, w) <= 1.6 * least
    assert weighted_error(x, found, w) <= weighted_error(x, np.linspace(x.min(), x.max(), count), w) + 1e-9


def test_two_clear_clusters_are_found_and_weights_move_them():
    x = np.array([0.0, 1.0, 10.0, 12.0])
    assert levels_of(x, 2) == pytest.approx([0.5, 11.0])
    assert levels_of(x, 2, [1, 3, 1, 0]) == pytest.approx([0.75, 10.0])


def test_nothing_to_cluster_is_refused():
    with pytest.raises(InputError, match="2 levels for 0 values"):
        levels_of([], 2)
