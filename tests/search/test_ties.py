"""Plans that cannot be told apart are said to be tied."""

from dataclasses import replace

import interlock
from interlock import api
from interlock.search import Goals
from interlock.search.ties import at_risk, objective_band, tied

ESTIMATE = api.estimate("llama-3.1-8b", "h100-sxm", batch=8)


def scaled(factor: float):
    bands = ESTIMATE.bands
    assert bands is not None
    low, high = bands.tpot_s
    return replace(
        ESTIMATE, tpot_s=ESTIMATE.tpot_s * factor, bands=replace(bands, tpot_s=(low * factor, high * factor))
    )


def test_bands_hold_the_figures_they_belong_to():
    for objective, value in {
        "ttft": ESTIMATE.ttft_s,
        "tpot": ESTIMATE.tpot_s,
        "cost": ESTIMATE.usd_per_million_tokens,
        "energy": ESTIMATE.joules_per_token,
        "throughput": 1.0 / ESTIMATE.tokens_per_s,
    }.items():
        low, high = objective_band(ESTIMATE, objective)
        assert low < value < high, objective


def test_deployments_are_tied_while_their_bands_overlap():
    low, high = objective_band(ESTIMATE, "tpot")
    assert tied(ESTIMATE, scaled(0.99 * high / low), "tpot")
    assert not tied(ESTIMATE, scaled(1.01 * high / low), "tpot")
    assert tied(ESTIMATE, ESTIMATE, "cost")


def test_without_a_band_nothing_is_tied():
    assert not tied(replace(ESTIMATE, bands=None), ESTIMATE, "tpot")
    assert at_risk(replace(ESTIMATE, bands=None), Goals(tpot_s=1e-6)) == []


def test_a_limit_inside_the_band_is_at_risk_and_one_outside_is_not():
    _, high = ESTIMATE.bands.tpot_s
    inside = at_risk(ESTIMATE, Goals(tpot_s=(ESTIMATE.tpot_s + high) / 2))
    assert len(inside) == 1
    assert "TPOT" in inside[0]
    assert at_risk(ESTIMATE, Goals(tpot_s=high * 1.01)) == []


def test_a_plan_says_which_chips_are_tied():
    found = interlock.plan("llama-3.1-8b", chips=["h100-sxm", "h200-sxm", "l4"])
    assert all(runner.tied == ("within the error band" in runner.why) for runner in found.runners)
    assert any(runner.tied for runner in found.runners)
