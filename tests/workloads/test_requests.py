"""Requests are checked where they enter, and arrivals and generators draw what they say."""

from __future__ import annotations

import numpy as np
import pytest

from interlock.errors import InputError
from interlock.workloads import arrivals
from interlock.workloads.fitting import fit, matched_blocks, shared_share
from interlock.workloads.generator import generate, generator, generator_names
from interlock.workloads.quantiles import distance, invert, quantiles
from interlock.workloads.requests import requests
from interlock.workloads.traffic import traffic


@pytest.mark.parametrize(
    ("times", "prompt", "output", "words"),
    [
        ([], [], [], "no requests"),
        ([0.0, -1.0], [1, 1], [1, 1], "-1 in request 2.*0 or more"),
        ([0.0, float("nan")], [1, 1], [1, 1], "nan in request 2.*finite"),
        ([2.0, 1.0], [1, 1], [1, 1], "1 in request 2.*times in order"),
        ([0.0], [0], [1], "prompt: found 0.*1 token or more"),
        ([0.0], [1], [1.5], "output: found 1.5.*whole tokens"),
        ([0.0], [1], [1e12], "at most 1e8 tokens"),
        ([0.0, 1.0], [1], [1, 1], "1 of prompt for 2 arrivals"),
        (["soon"], [1], [1], "arrival_s that is not numbers"),
        ([[0.0]], [1], [1], "2 dimensions"),
    ],
)
def test_columns_that_cannot_be_are_refused(times, prompt, output, words: str):
    with pytest.raises(InputError, match=words):
        requests(times, prompt, output, where="here")


def test_prefixes_keep_whole_blocks_and_refuse_ids_that_repeat():
    found = requests([0, 1], [40, 33], [1, 1], prefixes=[[7, 8, 9], [7, 5, 4]], prefix_tokens=16)
    assert found.prefix.tolist() == [0, 1, 0, 2]
    assert found.prefix_at.tolist() == [0, 2, 4]
    with pytest.raises(InputError, match="an id twice"):
        requests([0], [64], [1], prefixes=[[7, 7]], prefix_tokens=16)


def test_time_is_stretched_to_a_rate():
    found = requests([5.0, 6.0, 9.0], [1, 1, 1], [1, 1, 1])
    assert found.rate == pytest.approx(0.5)
    assert found.at_rate(10.0).arrival_s.tolist() == pytest.approx([0.0, 0.05, 0.2])
    with pytest.raises(InputError, match="one moment"):
        requests([1.0, 1.0], [1, 1], [1, 1]).at_rate(2.0)


@pytest.mark.parametrize("cv", [0.3, 1.0, 2.5])
def test_gamma_gaps_have_their_rate_and_variation(cv: float):
    gaps = np.diff(arrivals.gamma(200_000, 7.0, cv, 1))
    assert 1.0 / gaps.mean() == pytest.approx(7.0, rel=0.02)
    assert gaps.std() / gaps.mean() == pytest.approx(cv, rel=0.03)


def test_bursts_keep_the_mean_rate_and_are_burstier_than_poisson():
    times = arrivals.bursty(200_000, 10.0, 1)
    assert times.size / times[-1] == pytest.approx(10.0, rel=0.1)
    counts = np.bincount((times / 5.0).astype(int))
    assert counts.var() / counts.mean() > 3.0  # 1 for Poisson


def test_a_days_curve_is_a_sine_around_the_rate():
    times = arrivals.diurnal(200_000, 20.0, 1, swing=0.5, period_s=1000.0)
    phase = times % 1000.0
    middle = np.mean((phase >= 250) & (phase < 750))  # the half around the peak of rate (1 - swing cos)
    assert middle == pytest.approx(0.5 + 0.5 / np.pi, rel=0.02)


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf")])
def test_a_rate_that_is_none_is_refused(rate: float):
    with pytest.raises(InputError):
        arrivals.poisson(10, rate, 0)


def test_quantiles_give_the_sample_back():
    sample = np.random.default_rng(0).lognormal(5, 1, 50_000)
    drawn = invert(np.random.default_rng(1).random(50_000), quantiles(sample))
    assert distance(drawn, sample) < 0.02
    assert distance([1, 2, 3], [4, 5, 6]) == 1.0
    assert distance([1, 2, 3], [1, 2, 3]) == 0.0


@pytest.mark.parametrize("name", generator_names())
def test_a_generator_draws_the_same_for_the_same_seed(name: str):
    kind = generator(name)
    one, same, other = (generate(kind, 3000, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one.arrival_s, same.arrival_s)
    assert np.array_equal(one.prefix, same.prefix)
    assert not np.array_equal(one.prompt, other.prompt)
    assert generate(kind, 20_000, rate=50.0).rate == pytest.approx(50.0, rel=0.3)
    assert max(kind.distance[key] for key in ("prompt", "output", "total", "gap")) < 0.1


def test_long_conversations_share_prefixes():
    found = generate(generator("mooncake"), 4000)
    assert 0.25 < float((shared_share(found) * found.prompt).sum() / found.prompt.sum()) < 0.6
    assert matched_blocks(found).max() > 20


def test_a_fit_finds_the_generator_that_drew_the_trace():
    drawn = generate(generator("azure-conv"), 30_000, seed=9)
    again = fit(drawn, id="again", title="again", sources={})
    assert max(again.distance.values()) < 0.05


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "--workload, or --prompt with --output"),
        ({"shape": "chat"}, "--rate: found nothing"),
        ({"trace": "azure-con"}, "did you mean azure-conv"),
        ({"trace": "azure-conv", "process": "weekly"}, "gamma, poisson, bursty, diurnal"),
        ({"trace": "azure-conv", "rate": 0.0}, "above 0"),
        ({"trace": "azure-conv", "count": 0}, "1 to 1e8"),
    ],
)
def test_traffic_that_nobody_can_make_is_refused(options, words: str):
    with pytest.raises(InputError, match=words):
        traffic(**options)
