"""A plan's shortlist under traffic: simulated as planned, ranked by what a dollar buys, honest about what misses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from interlock import api
from interlock.cli import main
from interlock.errors import InputError
from interlock.evidence import weakest
from interlock.report.page import plan_page
from interlock.report.record import plan_record
from interlock.search.ties import time_evidence
from interlock.search.trial import ATTAIN, shortlisted, try_out
from interlock.serving.metrics import slo
from interlock.workloads.load import Load
from interlock.workloads.requests import requests

ASKED = {"chips": ["h100-sxm", "l40s"], "rate": 20, "trace": "azure-conv", "requests": 400, "max_chips": 6}


@pytest.fixture(scope="module")
def plan():
    return api.plan("llama-3.1-8b", slo="ttft=1s,tpot=50ms", shortlist=4, **ASKED)


def test_the_recommended_meets_its_limits_when_simulated(plan):
    chosen = next(trial for trial in plan.trials.ranked if trial.estimate is plan.recommended)
    assert chosen.meets
    assert chosen.compared.metrics.within_slo >= ATTAIN
    assert "of its limit" in plan.binding


def test_those_that_meet_come_first_and_then_the_cheaper_ones(plan):
    order = [(not trial.meets, -trial.worth) for trial in plan.trials.ranked]
    assert order == sorted(order)
    best, chosen = plan.trials.ranked[0], plan.recommended
    if best.estimate is not chosen:
        pair = time_evidence(best.estimate), time_evidence(chosen)
        assert weakest(pair) == pair[0] != pair[1]


def test_worth_is_good_requests_over_dollars(plan):
    for trial in plan.trials.ranked:
        m = trial.compared.metrics
        chips = float(trial.estimate.request.parallelism.chips)
        usd = trial.estimate.price.usd_per_s * chips * m.duration_s
        assert trial.worth == pytest.approx(m.within_slo * m.completed / usd, rel=1e-6)
        low, high = trial.worth_band
        assert low <= trial.worth <= high


def test_lengths_are_the_traces_and_every_deployment_has_the_same_requests(plan):
    counts = {(t.compared.metrics.prompt_tokens, t.compared.metrics.output_tokens) for t in plan.trials.ranked}
    assert len(counts) == 1
    prompts, answers = next(iter(counts))
    assert (plan.space.prompt, plan.space.output) == (round(prompts / 400), round(answers / 400))


def test_the_shortlist_holds_the_recommended_and_nobody_twice():
    found = api.plan("llama-3.1-8b", chips=["h100-sxm", "l40s"], rate=20, ttft=1.0)
    names = [(e.request.chip.id, e.request.parallelism.name, e.request.scheme.name, e.request.batch)
             for e in shortlisted(found, 50)]  # fmt: skip
    assert len(set(names)) == len(names)
    assert {"h100-sxm", "l40s"} == {name[0] for name in names}
    assert found.recommended in list(shortlisted(found, 50))
    assert len(list(shortlisted(found, 3))) == 3


def bursts(size: int, every_s: float, count: int) -> Load:
    """Everybody at once, again and again: the mean rate says nothing of the queue."""
    times = np.repeat(np.arange(count // size) * every_s, size)
    return Load(given=requests(times, np.full(times.size, 1000), np.full(times.size, 20)))


@pytest.mark.parametrize(("most", "met"), [(8, True), (1, False)])
def test_one_that_is_short_gets_a_replica_more_as_long_as_chips_allow(most, met):
    """24 prompts of 1,000 tokens at once take one L4 seconds; the steady state of 1 request a second sees no queue."""
    goals = {"chips": ["l4"], "rate": 1.0, "prompt": 1000, "output": 20, "max_chips": most, "weight_formats": ["fp8"]}
    plain = api.plan("llama-3.1-8b", ttft=4.0, **goals)
    assert int(plain.recommended.request.parallelism.chips) == 1
    found = try_out(plain, bursts(24, 24.0, 240), policy="vllm", shortlist=1)
    (trial,) = found.trials.ranked
    assert trial.meets is met
    if met:
        assert trial.estimate.request.parallelism.data > 1
        assert found.recommended is trial.estimate
    else:
        assert found.recommended is None
        assert f"{100 * trial.compared.metrics.within_slo:.0f} % of the simulated requests" in found.missing[-1]
        assert "90 % are wanted" in found.missing[-1]


def test_the_record_and_the_page_show_the_simulation(plan):
    record = plan_record(plan)["simulated"]
    assert record["policy"] == "sarathi-serve"
    assert len(record["deployments"]) == len(plan.trials.ranked)
    assert record["deployments"][0]["simulated"]["bands"]["ttft.p99"]
    assert plan_record(replace(plan, trials=None))["simulated"] is None
    pytest.importorskip("vl_convert")
    page = plan_page(plan)
    assert "Simulated under traffic" in page
    assert 'id="trial-ttft"' in page


def test_without_a_trace_nothing_is_simulated():
    assert api.plan("llama-3.1-8b", chips=["h100-sxm"], rate=5).trials is None


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({"slo": "ttft=1s", "ttft": 2.0}, "not both"),
        ({"slo": "speed=1s"}, "ttft, tpot and e2el"),
        ({"trace": "azure-chat"}, "azure-conv"),
        ({"trace": "azure-conv", "prompt": 100}, "without --prompt"),
        ({"trace": "azure-conv", "policy": "vlm"}, "did you mean vllm"),
        ({"trace": "azure-conv", "requests": 0}, "1 to 1e8"),
        ({"trace": "azure-conv", "shortlist": 0}, "--shortlist"),
        ({"trace": "azure-conv", "rate": 0}, "above 0"),
    ],
)
def test_what_cannot_be_is_refused_at_once(flags, words):
    with pytest.raises(InputError) as told:
        api.plan("llama-3.1-8b", chips=["h100-sxm"], **flags)
    assert words in str(told.value)


def test_the_command_says_which_policy_and_which_rule(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["plan", "--model", "llama-3.1-8b", "--chips", "h100-sxm", "--rate", "5", "--trace", "azure-conv", "--slo",
              "ttft=1s", "--requests", "200", "--shortlist", "2", "--policy", "vllm"])  # fmt: skip
    assert not ended.value.code
    text = capsys.readouterr().out
    assert "Simulated under vllm: 200 requests of azure-conv" in text
    assert "Shortlist:" in text
    assert [row for row in text.splitlines() if len(row) > 80] == []


def test_limits_are_those_of_the_simulator():
    assert slo("ttft=1s,e2e=2s") == {"ttft": 1.0, "e2el": 2.0}
