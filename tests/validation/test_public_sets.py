"""Validation on the public sets themselves, for those who have them."""

from dataclasses import replace

import numpy as np
import pytest

from interlock.evidence.store import read_sets, set_names
from interlock.validation import validate
from interlock.validation.predictor import fitted_stacks
from interlock.validation.requests.fit import fitting_part


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
    assert [each.name for each in found.predictors] == ["first principles", "fitted stacks"]
    (main,) = (part for part in found.comparisons if "place" in part.measurements.columns)
    seen = fitting_part(len(main.measurements))
    assert np.isnan(main.predictions["fitted stacks"][seen]).all()
    assert np.isfinite(main.predictions["fitted stacks"][~seen]).mean() > 0.9
    plain, fitted = found.scores()
    assert fitted.mean_error_ratio < 0.6 * plain.mean_error_ratio
    one_chip = validate(truth, sets=["llm_inference_bench"], families=["request"], chips=["h100-sxm"])
    (alone,) = (part for part in one_chip.comparisons if "place" in part.measurements.columns)
    assert (
        np.isnan(alone.predictions["fitted stacks"]).sum() == (seen & (main.measurements["chip"] == "h100-sxm")).sum()
    )


def test_another_copy_of_the_fitted_table_is_not_scored(truth):
    if not (truth / "llm_inference_bench").is_dir():
        pytest.skip("the set llm_inference_bench is not in this folder")
    main = read_sets(truth, ["llm_inference_bench"])[0]
    grown = replace(main, columns={**main.columns, "table_rows": main["table_rows"] + 1})
    assert np.isfinite(fitted_stacks()(main)).any()
    assert np.isnan(fitted_stacks()(grown)).all()
