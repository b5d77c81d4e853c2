"""Validation on the public sets themselves, for those who have them."""

import numpy as np
import pytest

from interlock.evidence.store import read_sets, set_names
from interlock.training import training_stacks
from interlock.validation import validate
from interlock.validation.requests.split import request_parts
from interlock.validation.split import HELD_OUT
from interlock.validation.training.fit import training_parts


@pytest.mark.parametrize("name", ["llmcompass", "llm_inference_bench"])
def test_a_set_is_scored(truth, name):
    if not (truth / name).is_dir():
        pytest.skip(f"the set {name} is not in this folder")
    found = validate(truth, sets=[name])
    assert found.sets == (name,)
    assert found.rows > 100
    scores = found.scores()
    first = found.predictors[0].name
    assert sum(score.rows for score in scores if score.predictor == first) == found.rows
    assert any(score.predicted for score in scores)
    for score in scores:
        if score.predicted:
            assert 0 <= score.median_error_ratio <= score.ninetieth_error_ratio
            assert -1 <= score.bias_ratio <= score.mean_error_ratio


@pytest.mark.slow
def test_every_set_that_is_there_is_scored(truth):
    found = validate(truth)
    assert set(found.sets) == {name for name in set_names() if (truth / name).is_dir()}
    assert {gap.family for gap in found.gaps()} <= set(found.families)
    for part in found.comparisons:
        for predicted in part.predictions.values():
            assert not (predicted <= 0).any()


def test_fitted_stacks_predict_no_row_that_the_fit_saw(truth):
    if not (truth / "llm_inference_bench").is_dir():
        pytest.skip("the set llm_inference_bench is not in this folder")
    found = validate(truth, sets=["llm_inference_bench"], families=["request"])
    for part in found.comparisons:
        seen = request_parts(part.measurements) != HELD_OUT
        assert np.isnan(part.predictions["fitted stacks"][seen]).all()
        assert np.isfinite(part.predictions["fitted stacks"][~seen]).mean() > 0.9
    plain, fitted = (score for score in found.scores() if score.predictor in {"first principles", "fitted stacks"})
    assert fitted.mean_error_ratio < 0.6 * plain.mean_error_ratio


BANDS = [("llm_inference_bench", "request", {"latency"}), ("aiconfigurator", "request", {"tpot", "ttft"}),
         ("vtrain", "training", {"seconds"})]  # fmt: skip


@pytest.mark.parametrize(("name", "family", "quantities"), BANDS)
def test_bands_hold_nine_rows_of_ten_that_nothing_saw(truth, name, family, quantities):
    if not (truth / name).is_dir():
        pytest.skip(f"the set {name} is not in this folder")
    found = validate(truth, sets=[name], families=[family])
    banded = [score for score in found.scores() if score.inside_ratio is not None]
    assert {score.predictor for score in banded} == {"first principles", "fitted stacks"}
    assert {score.quantity for score in banded} == quantities
    for score in banded:
        assert 0.83 < score.inside_ratio < 0.97, score


@pytest.mark.parametrize(("name", "most"), [("vtrain", 0.10), ("llm_foundry", 0.15)])
def test_training_steps_are_predicted(truth, name, most):
    if not (truth / name).is_dir():
        pytest.skip(f"the set {name} is not in this folder")
    found = validate(truth, sets=[name])
    plain, fitted = found.scores()
    assert plain.coverage_ratio == 1.0
    assert fitted.mean_error_ratio < most < 2 * plain.mean_error_ratio
    (part,) = found.comparisons
    seen = training_parts(part.measurements) != HELD_OUT
    assert np.isnan(part.predictions["fitted stacks"][seen]).all()


def test_megatron_is_predicted_without_any_fit(truth):
    if not (truth / "megatron_seqpar").is_dir():
        pytest.skip("the set megatron_seqpar is not in this folder")
    (score,) = (score for score in validate(truth, sets=["megatron_seqpar"]).scores() if score.predicted)
    assert score.predictor == "first principles"
    assert score.mean_error_ratio < 0.13


@pytest.mark.slow
def test_the_shipped_training_fit_is_the_one_it_says(truth):
    from interlock.validation.training.fit import SETS, fit_training

    if not all((truth / name).is_dir() for name in SETS):
        pytest.skip("the sets of the fit are not all in this folder")
    fitted = fit_training(read_sets(truth, SETS))
    for name, stack in training_stacks("training_fitted").items():
        assert fitted[name].chips == stack.chips
        for field in ("kernel_s", "collective_s", "step_s", "pace_ratio", "attention_ratio"):
            assert getattr(fitted[name], field) == pytest.approx(getattr(stack, field), abs=1e-9)
