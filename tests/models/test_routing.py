"""Expert routing: chances that sum to top_k, expected active experts against brute force, load of the busiest rank."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.models.routing import _chances, active_experts, busiest_share

skews = st.sampled_from([0.0, 0.3, 0.8, 1.0, 1.7, 4.0])
sizes = st.integers(1, 64).flatmap(lambda experts: st.tuples(st.just(experts), st.integers(1, experts)))


@given(size=sizes, skew=skews)
def test_chances_sum_to_top_k_and_none_passes_one(size, skew):
    experts, top_k = size
    chance = _chances(experts, top_k, skew)
    assert chance.sum() == pytest.approx(top_k, abs=1e-9)
    assert np.all(chance <= 1)
    assert np.all(chance >= 0)
    assert np.all(np.diff(chance) <= 1e-12)  # the most popular first


@given(size=sizes, skew=skews, tokens=st.integers(1, 1000))
def test_active_experts_lie_between_one_tokens_choice_and_all(size, skew, tokens):
    experts, top_k = size
    found = float(active_experts(experts, top_k, skew, tokens))
    assert top_k - 1e-9 <= found <= min(experts, tokens * top_k) + 1e-9


@given(size=sizes, skew=skews)
def test_more_tokens_never_touch_fewer_experts(size, skew):
    found = active_experts(*size, skew, np.arange(0, 200))
    assert np.all(np.diff(found) >= -1e-9)
    assert found[0] == 0


@given(size=sizes, tokens=st.integers(1, 100), pair=st.tuples(skews, skews))
def test_skew_never_spreads_tokens_over_more_experts(size, tokens, pair):
    low, high = sorted(pair)
    assert active_experts(*size, high, tokens) <= active_experts(*size, low, tokens) + 1e-9


@pytest.mark.parametrize(("experts", "top_k", "tokens"), [(4, 1, 3), (4, 2, 3), (5, 3, 2), (3, 2, 4), (4, 4, 2)])
def test_uniform_choice_against_every_possible_choice(experts, top_k, tokens):
    choices = list(itertools.combinations(range(experts), top_k))
    sizes = [len(set().union(*picked)) for picked in itertools.product(choices, repeat=tokens)]
    assert active_experts(experts, top_k, 0.0, tokens) == pytest.approx(np.mean(sizes))


@pytest.mark.parametrize(("experts", "skew", "tokens"), [(3, 0.5, 3), (4, 1.0, 4), (5, 2.0, 2)])
def test_skewed_top_1_against_every_possible_choice(experts, skew, tokens):
    chance = _chances(experts, 1, skew)
    expected = sum(
        len(set(picked)) * math.prod(chance[expert] for expert in picked)
        for picked in itertools.product(range(experts), repeat=tokens)
    )
    assert float(active_experts(experts, 1, skew, tokens)) == pytest.approx(expected)


@given(size=sizes, skew=skews, ranks=st.integers(1, 80))
def test_the_busiest_rank_has_at_least_the_mean(size, skew, ranks):
    share = float(busiest_share(*size, skew, ranks))
    assert 1 - 1e-12 <= share <= min(ranks, size[0]) + 1e-9


def test_one_rank_and_equal_ranks_are_balanced():
    assert busiest_share(8, 2, 1.5, 1) == 1
    assert busiest_share(8, 2, 0.0, 4) == 1


def test_busiest_share_by_hand():
    """Zipf over four experts: 12, 6, 4 and 3 parts of 25; two ranks hold the first and last, and the two between."""
    assert float(busiest_share(4, 1, 1.0, 4)) == pytest.approx(12 / 25 * 4)
    assert float(busiest_share(4, 1, 1.0, 2)) == pytest.approx(15 / 25 * 2)


def test_columns_equal_single_values():
    tokens = np.array([[1, 5], [40, 5]])
    for skew in (0.0, 1.0):
        found = active_experts(16, 2, skew, tokens)
        assert found.shape == (2, 2)
        single = [[float(active_experts(16, 2, skew, int(n))) for n in row] for row in tokens]
        assert found == pytest.approx(np.array(single), rel=1e-14)
    ranks = np.array([1, 2, 16])
    assert busiest_share(16, 2, 1.0, ranks).tolist() == [float(busiest_share(16, 2, 1.0, int(n))) for n in ranks]
