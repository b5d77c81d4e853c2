"""Intervals: as wide as theory says, paired where models are compared, the same for the same seed."""

import numpy as np
import pytest

from interlock.lab.metrics.bootstrap import interval, perplexity_loss, share, share_change


def test_the_interval_of_a_mean_is_that_of_the_normal_theory():
    values = np.random.default_rng(0).normal(5.0, 2.0, 400)
    found = interval(share, (values, np.ones(400)))
    error = values.std() / 20
    assert (found.value, found.low, found.high) == pytest.approx(
        (values.mean(), values.mean() - 1.96 * error, values.mean() + 1.96 * error), rel=0.01
    )


def test_a_model_beside_itself_loses_exactly_nothing():
    nats = np.random.default_rng(0).uniform(100, 200, 16)
    found = interval(perplexity_loss, (nats, nats, np.full(16, 63.0)))
    assert (found.value, found.low, found.high) == (0.0, 0.0, 0.0)


def test_paired_differences_are_narrower_than_the_models_own_intervals():
    chance = np.random.default_rng(0)
    nats, tokens = chance.uniform(100, 200, 32), np.full(32, 63.0)
    paired = interval(perplexity_loss, (nats + chance.uniform(0, 2, 32), nats, tokens))
    alone = interval(share, (nats, tokens))
    assert paired.high - paired.low < 0.1 * (alone.high - alone.low)


def test_the_same_seed_draws_the_same():
    values = np.arange(10.0)
    assert interval(share, (values, np.ones(10)), 3) == interval(share, (values, np.ones(10)), 3)
    assert interval(share, (values, np.ones(10)), 3) != interval(share, (values, np.ones(10)), 4)


def test_a_change_of_a_share_has_its_sign():
    after, before, ones = np.array([1.0, 0, 0, 0]), np.array([1.0, 1, 0, 0]), np.ones(4)
    assert interval(share_change, (after, before, ones)).value == -0.25


def test_no_trials_are_unknown():
    assert np.isnan(interval(share, (np.zeros(3), np.zeros(3))).value)
