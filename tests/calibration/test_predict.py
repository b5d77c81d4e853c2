"""Predictions of measured rows, as a validation asks for them: nan where there is none."""

import numpy as np
import pytest

from interlock.cost.calibrated import gemm_seconds, predict
from interlock.evidence.measurement import Measurements, spread
from interlock.evidence.source import Evidence, Source
from interlock.hardware import chip
from interlock.validation.predictor import Predictor


def rows(shapes, set_name="own", **columns) -> Measurements:
    m, n, k = (column[:500] for column in shapes)
    shared = {"chip": "h100-sxm", "stack": "vllm 0.24.0", "weight_format": "bf16", "activation_format": "bf16"}
    return Measurements(
        family="gemm",
        set_name=set_name,
        licence="none",
        source=Source(kind=Evidence.ASSUMED, ref="a test"),
        columns=spread(m=m, n=n, k=k, seconds=1e-3, **{**shared, **columns}),
    )


def test_rows_are_priced_as_products_are_with_cold_weights(shapes):
    some = rows(shapes)
    expected = gemm_seconds(chip("h100-sxm"), "vllm 0.24.0", "bf16", "bf16", some["m"], some["n"], some["k"]).seconds
    np.testing.assert_allclose(predict(some), expected, rtol=1e-6)


def test_rows_that_were_fitted_are_left_out_unless_asked_for(shapes):
    some = rows(shapes, set_name="aiconfigurator")
    assert 0.05 < np.isnan(predict(some)).mean() < 0.16
    assert np.isfinite(predict(some, fitted_rows=True)).all()


@pytest.mark.parametrize(
    "columns",
    [{"chip": "no-such-chip"}, {"weight_format": "fp32", "activation_format": "fp32"}, {"batch": 8.0}, {"chip": "h20"}],
    ids=["chip", "format", "batch", "facts"],
)
def test_what_cannot_be_priced_is_nan(shapes, columns):
    assert np.isnan(predict(rows(shapes, **columns))).all()


def test_mixed_rows_keep_their_places(shapes):
    names = np.where(np.arange(500) % 2, "h100-sxm", "a100-80g")
    mixed = predict(rows(shapes, chip=names))
    np.testing.assert_allclose(mixed[1::2], predict(rows(shapes))[1::2], rtol=1e-4)
    np.testing.assert_allclose(mixed[::2], predict(rows(shapes, chip="a100-80g"))[::2], rtol=1e-4)


def test_it_stands_beside_first_principles_in_a_validation(shapes):
    calibrated = Predictor(name="calibrated", calibration="a tenth of the rows", families={"gemm": predict})
    some = rows(shapes)
    np.testing.assert_array_equal(calibrated(some), predict(some))
