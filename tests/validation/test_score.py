"""Scores against numbers worked out by hand, and what must be true of them for any numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from interlock.errors import InputError
from interlock.evidence.measurement import FAMILIES
from interlock.validation import scores
from interlock.validation.score import labels, pooled, quantities

SECONDS = st.floats(1e-7, 1e4)
COLUMNS = arrays.arrays(float, st.integers(1, 30), elements=SECONDS)


def test_a_score_by_hand(make):
    m = make(seconds=[1.0, 2.0, 4.0, 10.0, 5.0])
    (score,) = scores(m, np.array([1.1, 1.0, 8.0, 8.0, np.nan]))
    # errors: +0.1, -0.5, +1.0, -0.2
    assert (score.rows, score.predicted, score.coverage_ratio) == (5, 4, 0.8)
    assert score.mean_error_ratio == pytest.approx((0.1 + 0.5 + 1.0 + 0.2) / 4)
    assert score.median_error_ratio == pytest.approx((0.2 + 0.5) / 2)
    assert score.bias_ratio == pytest.approx((0.1 - 0.5 + 1.0 - 0.2) / 4)
    assert score.close_ratio == 0.5
    assert score.ninetieth_error_ratio == pytest.approx(0.5 + 0.7 * 0.5)  # 0.9 x 3 = 2.7: between the third and fourth
    assert (score.family, score.quantity, score.set_name, score.predictor) == (
        "gemm",
        "seconds",
        "",
        "first principles",
    )


def test_groups_by_hand(make):
    m = make(seconds=[1.0, 1.0, 1.0], chip=["b", "a", "b"], weight_format=["fp8", "bf16", "bf16"])
    found = scores(m, np.array([1.5, 2.0, np.nan]), by=("chip", "format"))
    told = [(s.chip, s.format, s.rows, s.predicted, s.mean_error_ratio) for s in found]
    assert told == [("a", "bf16", 1, 1, 1.0), ("b", "bf16", 1, 0, None), ("b", "fp8/bf16", 1, 1, 0.5)]
    assert [s.chip for s in scores(m, m.measured, by=("chip",))] == ["a", "b"]


def test_nothing_predicted_is_unknown_and_not_zero(make):
    (score,) = scores(make(seconds=[1.0, 2.0]), np.full(2, np.nan))
    assert score.coverage_ratio == 0
    assert (score.mean_error_ratio, score.median_error_ratio, score.bias_ratio) == (None, None, None)
    assert (score.close_ratio, score.ninetieth_error_ratio) == (None, None)


def test_an_infinite_prediction_is_none_and_zero_is_off_by_all(make):
    (score,) = scores(make(seconds=[1.0, 1.0, 1.0]), np.array([np.inf, 0.0, -np.inf]))
    assert (score.predicted, score.mean_error_ratio, score.bias_ratio) == (1, 1.0, -1.0)


def test_rows_of_sets_are_pooled_and_not_their_means(make):
    one, three = make(seconds=[1.0]), make(set_name="other", seconds=[1.0, 1.0, 1.0])
    (score,) = pooled([(one, {"p": np.array([2.0])}), (three, {"p": np.ones(3)})])
    assert score.mean_error_ratio == 0.25
    by_set = pooled([(one, {"p": np.array([2.0])}), (three, {"p": np.ones(3)})], ("set",))
    assert [(s.set_name, s.mean_error_ratio) for s in by_set] == [("made", 1.0), ("other", 0.0)]


def test_unlike_quantities_are_never_averaged(make):
    m = make("request", value=[1.0, 100.0], quantity=["ttft", "throughput"])
    found = scores(m, np.array([1.0, 50.0]))
    assert [(s.quantity, s.mean_error_ratio) for s in found] == [("throughput", 0.5), ("ttft", 0.0)]


def test_power_is_scored_in_watts(make):
    m = make("power", power_w=[100.0], seconds=[1.0])
    (score,) = scores(m, np.array([120.0]))
    assert (score.quantity, score.mean_error_ratio) == ("power", pytest.approx(0.2))


def test_predictors_stand_side_by_side(make):
    m = make(seconds=[1.0, 2.0])
    found = pooled([(m, {"second": m.measured, "first": 2 * m.measured})])
    assert [(s.predictor, s.mean_error_ratio) for s in found] == [("second", 0.0), ("first", 1.0)]


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_has_labels_for_every_dimension(make, family):
    m = make(family)
    assert labels(m, "family").tolist() == [family]
    for dimension in ("set", "chip", "stack", "format", "kernel"):
        assert len(labels(m, dimension)) == 1
    assert labels(m, "format").tolist() == ["bf16" if any("format" in name for name in FAMILIES[family]) else ""]
    assert len(quantities(m)) == 1


def test_kernels_are_told_apart_where_the_set_tells(make):
    m = make(kernel=["cutlass", "cublas"], seconds=[1.0, 1.0])
    assert [s.kernel for s in scores(m, m.measured, by=("kernel",))] == ["cublas", "cutlass"]


def test_an_unknown_dimension_is_refused(make):
    with pytest.raises(InputError, match=r"by: found 'colour'; accepted: one of family, set"):
        scores(make(), np.ones(1), by=("colour",))


def test_a_predictor_that_drops_rows_is_refused(make):
    with pytest.raises(ValueError, match=r"\(1,\) predictions, 2 rows"):
        scores(make(seconds=[1.0, 2.0]), np.ones(1))


@given(COLUMNS)
def test_a_perfect_prediction_has_no_error(make, seconds):
    (score,) = scores(make(seconds=seconds), seconds)
    assert (score.mean_error_ratio, score.bias_ratio, score.ninetieth_error_ratio) == (0.0, 0.0, 0.0)
    assert (score.close_ratio, score.coverage_ratio) == (1.0, 1.0)


@given(COLUMNS, st.sampled_from([2.0, 0.5, 1.2, 0.8]))
def test_a_prediction_that_is_off_by_one_factor(make, seconds, factor):
    (score,) = scores(make(seconds=seconds), factor * seconds)
    error = abs(factor - 1)
    figures = (score.mean_error_ratio, score.median_error_ratio, score.ninetieth_error_ratio)
    assert figures == pytest.approx((error, error, error))
    assert score.bias_ratio == pytest.approx(factor - 1)
    assert score.close_ratio == (1.0 if error < 0.21 else 0.0)


@given(COLUMNS, st.data())
def test_the_order_of_rows_does_not_matter(make, seconds, data):
    predicted = data.draw(arrays.arrays(float, seconds.size, elements=st.one_of(SECONDS, st.just(np.nan))))
    order = np.array(data.draw(st.permutations(range(seconds.size))))
    (one,), (other,) = scores(make(seconds=seconds), predicted), scores(make(seconds=seconds[order]), predicted[order])
    for name in ("rows", "predicted", "median_error_ratio", "close_ratio", "mean_error_ratio", "bias_ratio"):
        assert getattr(one, name) == pytest.approx(getattr(other, name))


@given(COLUMNS, st.data())
def test_coverage_is_the_share_of_finite_predictions_and_changes_no_error(make, seconds, data):
    known = np.array(data.draw(st.lists(st.booleans(), min_size=seconds.size, max_size=seconds.size)))
    (score,) = scores(make(seconds=seconds), np.where(known, 1.5 * seconds, np.nan))
    assert score.predicted == known.sum()
    assert score.coverage_ratio == known.mean()
    assert score.mean_error_ratio == (pytest.approx(0.5) if known.any() else None)


@given(COLUMNS, st.data())
def test_groups_divide_the_rows(make, seconds, data):
    chips = data.draw(st.lists(st.sampled_from("abc"), min_size=seconds.size, max_size=seconds.size))
    m = make(seconds=seconds, chip=chips)
    predicted = data.draw(arrays.arrays(float, seconds.size, elements=SECONDS))
    (whole,), parts = scores(m, predicted), scores(m, predicted, by=("chip",))
    assert sum(part.rows for part in parts) == whole.rows
    assert sum(part.mean_error_ratio * part.predicted for part in parts) == pytest.approx(
        whole.mean_error_ratio * whole.predicted
    )


def test_rows_inside_their_band_are_a_share_of_those_that_have_one(make):
    m = make(seconds=[1.0, 1.0, 1.0, 1.0])
    predicted = {"p": np.array([1.0, 1.0, 1.0, np.nan])}
    (score,) = pooled([(m, predicted, {"p": np.array([1.0, 0.0, np.nan, 1.0])})])
    assert score.inside_ratio == 0.5
    (plain,) = pooled([(m, predicted)])
    assert plain.inside_ratio is None
