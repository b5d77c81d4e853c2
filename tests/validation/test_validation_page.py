"""The page of a validation and its charts: whole, escaped, and alone."""

import json
import re

import numpy as np
import pytest

from interlock.report.charts import validation as charts
from interlock.report.charts.validation import error_chart, looks, scatter_chart
from interlock.report.page.validation import validation_page

GEMM, PREDICTOR = ("gemm", "seconds"), "first principles"


def points(spec):
    return spec["layer"][-1]["data"]["values"]


def test_kinds_are_families_and_their_quantities(some):
    assert list(some.kinds) == [
        GEMM, ("attention", "seconds"), ("scan", "seconds"), ("request", "tokens_per_s"), ("request", "ttft")
    ]  # fmt: skip


def test_a_scatter_shows_every_predicted_row_inside_its_axes(some):
    spec = scatter_chart(some, GEMM, PREDICTOR, looks(some))
    assert len(points(spec)) == 300
    for name in "xy":
        low, high = spec["layer"][-1]["encoding"][name]["scale"]["domain"]
        assert all(low < point[name] < high for point in points(spec))
    assert {point["chip"] for point in points(spec)} == set(spec["layer"][-1]["encoding"]["color"]["scale"]["domain"])


def test_lines_are_equal_and_20_percent_beside(some):
    spec = scatter_chart(some, GEMM, PREDICTOR, looks(some))
    for layer, factor in zip(spec["layer"][:3], (1.0, 1.2, 0.8), strict=True):
        for end in layer["data"]["values"]:
            assert end["y"] / end["x"] == pytest.approx(factor)


def test_a_large_family_is_sampled_with_a_seed(some, monkeypatch):
    monkeypatch.setattr(charts, "MOST", 50)
    first, again, other = (scatter_chart(some, GEMM, PREDICTOR, looks(some), seed) for seed in (0, 0, 1))
    assert len(points(first)) == 50
    assert first == again
    assert points(first) != points(other)


def test_a_family_without_predictions_says_so(some):
    spec = scatter_chart(some, ("scan", "seconds"), PREDICTOR, looks(some))
    assert "nothing of this is predicted" in json.dumps(spec)


def test_predictions_of_zero_have_no_place_on_a_logarithmic_axis(compare, make):
    from interlock.validation import Predictor

    zero = Predictor(name="p", calibration="", families={"gemm": lambda m: np.array([0.0, 1.0])})
    found = compare([make(seconds=[1.0, 1.0])], zero)
    assert len(points(scatter_chart(found, GEMM, "p", looks(found)))) == 1
    assert json.dumps(error_chart(found), allow_nan=False)


def test_distributions_are_ordered_and_of_all_rows(some, monkeypatch):
    monkeypatch.setattr(charts, "MOST", 5)
    rows = error_chart(some)["layer"][1]["data"]["values"]
    assert [row["Rows"] for row in rows] == ["gemm", "attention", "request tokens per s", "request ttft"]
    for row in rows:
        assert row["q05"] <= row["q25"] <= row["q50"] <= row["q75"] <= row["q95"]
    assert rows[1]["q50"] == pytest.approx(np.median(np.random.default_rng(1).lognormal(0, 0.3, 400)))


def test_the_page_holds_every_chart_score_and_gap(some):
    pytest.importorskip("vl_convert")
    page = validation_page(some)
    places = set(re.findall(r'id="((?:scatter|errors)[\w-]*)"', page))
    data = json.loads(re.search(r'id="charts">(.*?)</script>', page, re.DOTALL)[1])
    assert set(data) == places == {
        "errors", "scatter-gemm-seconds-0", "scatter-attention-seconds-0", "scatter-request-tokens_per_s-0",
        "scatter-request-ttft-0",
    }  # fmt: skip
    assert "scan: all 400 rows; no prediction yet" in page
    assert "first principles; no calibration yet" in page
    assert all(f"<h2>By {cut}</h2>" in page for cut in ("family", "set", "chip", "stack", "format"))
    assert "CC0-1.0" in page
    assert validation_page(some) == page


def test_names_cannot_become_markup(some):
    pytest.importorskip("vl_convert")
    page = validation_page(some)
    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert len(re.findall("<script", re.sub(r"<script>.*?</script>", "<script", page, flags=re.DOTALL))) == 3


def test_two_predictors_are_shown_side_by_side(compare, times, make):
    pytest.importorskip("vl_convert")
    found = compare([make(seconds=[1.0, 2.0])], times(1.5), times(1.01, "calibrated"))
    page = validation_page(found)
    assert "gemm, first principles" in page
    assert "gemm, calibrated" in page
    assert '<th scope="col"><button type="button">Predictor' in page
    assert {row["Rows"] for row in error_chart(found)["layer"][1]["data"]["values"]} == {
        "gemm, first principles", "gemm, calibrated"
    }  # fmt: skip
