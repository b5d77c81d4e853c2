"""Plans that cannot be told apart are said to be tied."""

from dataclasses import replace

import interlock
from interlock import api
from interlock.evidence import Evidence
from interlock.search import Goals
from interlock.search.ties import at_risk, objective_band, surest, tied, time_evidence

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


def of(factor: float, low: float, high: float, **bases: str):
    """An estimate whose TPOT is a multiple, with the ends of its band as shares of itself."""
    bands = ESTIMATE.bands
    assert bands is not None
    tpot = ESTIMATE.tpot_s * factor
    return replace(
        ESTIMATE, tpot_s=tpot, bands=replace(bands, tpot_s=(tpot * low, tpot * high)), bases=bases or ESTIMATE.bases
    )


GUESSED = of(1.0, 0.7, 2.4, gemm="first principles", attention="first principles")
SURE = of(1.2, 0.9, 1.4, gemm="calibrated", attention="calibrated on other stacks of the chip",
          elementwise="first principles")  # fmt: skip


def test_times_stand_on_the_weakest_family_that_can_be_calibrated():
    assert time_evidence(GUESSED) is Evidence.FIRST_PRINCIPLES
    assert time_evidence(SURE) is Evidence.CALIBRATED
    assert time_evidence(of(1.0, 0.7, 2.4, gemm="calibrated", attention="calibrated on another chip")) is (
        Evidence.DERIVED
    )


def test_of_two_that_are_tied_the_surer_is_preferred():
    assert surest(GUESSED, [GUESSED, SURE], "tpot") is SURE


def test_the_best_stays_where_nothing_surer_is_tied_with_it():
    apart = of(3.0, 0.9, 1.4, gemm="calibrated")
    assert surest(GUESSED, [apart], "tpot") is GUESSED
    as_sure = of(1.01, 0.9, 1.1, gemm="first principles", attention="calibrated")
    assert surest(GUESSED, [as_sure], "tpot") is GUESSED
    assert surest(SURE, [GUESSED], "tpot") is SURE


def test_no_more_is_given_up_than_the_band_of_the_best_makes_doubtful():
    slow_at_worst = of(1.9, 0.9, 1.4, gemm="calibrated")
    assert tied(GUESSED, slow_at_worst, "tpot")
    assert surest(GUESSED, [slow_at_worst], "tpot") is GUESSED


def test_of_several_surer_ones_the_strongest_and_then_the_fastest_is_taken():
    derived = of(1.1, 0.9, 1.4, gemm="calibrated on another chip")
    slower = of(1.3, 0.9, 1.4, gemm="calibrated")
    assert surest(GUESSED, [GUESSED, derived, SURE, slower], "tpot") is SURE


def test_a_plan_prefers_measured_chips_to_guessed_ones_and_says_so():
    found = interlock.plan("llama-3.1-70b", chips=["mi300x", "b200-sxm"], tpot="50ms", ttft="1s")
    assert found.lowest.request.chip.id == "mi300x"
    assert found.recommended.request.chip.id == "b200-sxm"
    assert "tied with mi300x" in found.preferred
    assert "b200-sxm are calibrated" in found.preferred
    assert [(runner.chip, runner.tied) for runner in found.runners] == [("mi300x", True)]
    assert found.runners[0].ratio < 1
    alone = interlock.plan("llama-3.1-70b", chips=["mi300x"], tpot="50ms", ttft="1s")
    assert alone.preferred == ""
    assert alone.recommended is alone.lowest
