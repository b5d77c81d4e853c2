"""Bands of whole runs: conformal quantiles by basis, stack and quantity."""

import numpy as np
import pytest

from interlock.validation.run_bands import FIRST, FITTED, OTHER_CHIP, _ends, basis_of, run_band


def test_the_ends_leave_a_twentieth_out_at_either_side():
    logs = np.log(np.random.default_rng(0).lognormal(0, 0.3, 5000))
    low, high = np.log(_ends(logs))
    assert np.mean((logs >= low) & (logs <= high)) == pytest.approx(0.9, abs=0.002)
    assert np.mean(logs < low) == pytest.approx(0.05, abs=0.002)


def test_few_rows_take_the_outermost_and_fewer_have_no_band():
    logs = np.linspace(-1, 1, 19)
    assert np.log(_ends(logs)) == pytest.approx([-1, 1])
    assert _ends(logs[:18]) is None


def test_what_a_row_stands_on(make):
    m = make("request", chip=["h100-sxm", "mi300x", "h100-sxm"], stack=["trt-llm", "trt-llm", "other"])
    assert basis_of(m, {"trt-llm": ("h100-sxm",)}).tolist() == [FITTED, OTHER_CHIP, OTHER_CHIP]


def test_a_stack_without_rows_of_its_own_takes_the_band_of_all(make):
    m = make("request", stack=["vllm", "stack of tomorrow"], quantity="latency", value=1.0)
    low, high = run_band(m, np.array([2.0, 2.0]), np.full(2, FITTED))
    assert (low < 2.0).all()
    assert (high > 2.0).all()
    assert low[0] != low[1]
    other = make("request", stack="vllm", quantity="no such quantity", value=1.0)
    assert np.isnan(run_band(other, np.array([2.0]), np.full(1, FITTED))).all()


def test_a_band_of_another_chip_is_not_narrower(make):
    m = make("request", stack="trt-llm", quantity="latency", value=1.0)
    widths = []
    for basis in (FITTED, OTHER_CHIP):
        low, high = run_band(m, np.ones(1), np.full(1, basis))
        widths.append(float(np.log(high / low)[0]))
    assert widths[1] >= widths[0]
    assert np.isfinite(run_band(m, np.ones(1), np.full(1, FIRST))).all()
