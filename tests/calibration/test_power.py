"""Calibrated watts: bounds, refusals, held-out errors as stored, and why decoding is left out; constants of energy."""

import json
from pathlib import Path

import numpy as np
import pytest

from interlock.cost import Chips, energy_parts, held_energy, operator_time
from interlock.cost.calibrated.power import (
    PATH,
    power,
    power_watts,
    predict_power,
    read_power,
    twin_spread,
    write_power,
)
from interlock.cost.parameters import arithmetic_draw, table
from interlock.errors import UnsupportedError
from interlock.evidence.sets import cent_gpu, llm_inference_bench
from interlock.evidence.sets.aiconfigurator import power as adapter
from interlock.hardware import chip
from interlock.operators import Kind, Operator
from interlock.validation.power_fit import drawn, error
from interlock.validation.predictor import first_principles

TRUTH = Path(__file__).resolve().parents[2].parent / "shared" / "truth"
B200 = chip("b200-sxm")
KERNEL = "vllm_flashinfer bf16 prefill"


@pytest.fixture(scope="module")
def measured():
    """Prefill, decode and experts; a sample of the tables."""
    if not (TRUTH / "aiconfigurator").is_dir():
        pytest.skip("the measurements are not here")
    return adapter.read(TRUTH / "aiconfigurator")


def shapes(count: int) -> dict:
    """Prefill attention over the ranges that were measured and beyond."""
    random = np.random.default_rng(0)
    return {
        "phase": np.full(count, "prefill"),
        "kv_format": np.full(count, "bf16"),
        "sequences": 2.0 ** random.integers(0, 9, count),
        "tokens": 2.0 ** random.integers(0, 18, count),
        "context": random.choice([0.0, 1024.0, 65536.0], count),
        "heads": np.full(count, 64.0),
        "kv_heads": 2.0 ** random.integers(0, 7, count),
        "head_dim": random.choice([64.0, 128.0, 256.0], count),
        "window": random.choice([0.0, 128.0], count),
    }


def test_watts_lie_between_an_idle_loop_and_the_board_limit():
    watts, low, high = power_watts(B200, "attention", KERNEL, shapes(2000))
    assert np.all((watts >= power().kinds["b200-sxm", "attention"].least_w) & (watts <= B200.tdp))
    assert np.all((low <= watts) & (watts <= high) & (high <= B200.tdp))
    assert np.std(watts) > 50


@pytest.mark.parametrize(
    ("name", "family", "kernel"),
    [("h100-sxm", "attention", KERNEL), ("b200-sxm", "gemm", KERNEL), ("b200-sxm", "attention", "fa3 bf16 prefill")],
)
def test_what_was_not_measured_is_refused(name, family, kernel):
    with pytest.raises(UnsupportedError, match="no calibrated power"):
        power_watts(chip(name), family, kernel, shapes(3))


def test_decoding_is_refused():
    with pytest.raises(UnsupportedError, match="decoding"):
        power_watts(B200, "attention", KERNEL, {**shapes(3), "phase": np.full(3, "decode")})


def test_twins_show_why_decoding_cannot_be_learnt(measured):
    """Rows of one shape that differ in the format of the cache alone read a fifth apart; both do nearly the same."""
    prefill, decode = measured[0], measured[1]
    spread, pairs = twin_spread(decode)
    assert pairs > 100
    assert spread > 0.15
    assert np.isnan(predict_power(decode)).all()
    assert np.nanmedian(prefill["seconds"]) > np.median(decode["seconds"])


@pytest.mark.parametrize(("place", "family"), [(0, "attention"), (2, "experts")])
def test_held_out_errors_are_as_stored(measured, place, family):
    rows = measured[place]
    watts = predict_power(rows)
    known = np.isfinite(watts)
    stored = power().kinds["b200-sxm", family].held_out
    error = 100 * np.mean(np.abs(watts[known] / rows["power_w"][known] - 1))
    assert known.sum() > 1500
    assert error < 12.0  # the aim
    assert error == pytest.approx(stored["mape"], abs=1.0)  # a sample of the rows that the fit was scored on
    assert 84 < stored["inside"] < 95


def test_the_file_says_what_it_was_fitted_to_and_reads_as_written(tmp_path):
    fit = json.loads(PATH.read_text(encoding="utf-8"))["fit"]
    assert (fit["set"], fit["licence"], fit["seed"]) == ("aiconfigurator", "Apache-2.0", 0)
    assert 0.09 < (fit["rows"]["train"] + fit["rows"]["bands"]) / sum(fit["rows"].values()) < 0.11
    write_power(tmp_path / "again.json", read_power(PATH))
    assert (tmp_path / "again.json").read_text(encoding="utf-8") == PATH.read_text(encoding="utf-8")


def served() -> list:
    """Power while batches are served."""
    folder = TRUTH / "llm_inference_bench"
    return [part for part in llm_inference_bench.read(folder) if part.family == "power"] if folder.is_dir() else []


def test_a_fitted_factor_is_as_stored_and_better_on_other_rows(measured):
    """At measured seconds, so that errors of times are not in it."""
    stored = table("power_fitted")["chips"]
    for name, rows in drawn([*measured, *served()]).items():
        if name in stored:
            found = error(rows, arithmetic_draw(chip(name)).factor, ~rows.fitted)
            assert found == pytest.approx(stored[name]["mape"], abs=0.5)
            assert found < error(rows, 1.0, ~rows.fitted) - 1.0
            assert arithmetic_draw(chip(name)).source.kind == "calibrated"
    assert arithmetic_draw(chip("tpu-v5e")).factor == 1.0


def test_watts_of_first_principles_hold_the_limit_of_the_board(measured):
    for rows in measured:
        watts = first_principles()(rows)
        assert np.all((watts > 0) & (watts <= B200.tdp))


@pytest.mark.parametrize(
    ("name", "adapted", "limit"), [("cent_gpu", cent_gpu, 0.12), ("llm_inference_bench", llm_inference_bench, 0.15)]
)
def test_watts_of_served_batches(name, adapted, limit):
    """First principles alone; nothing was fitted to these chips."""
    if not (TRUTH / name).is_dir():
        pytest.skip("the measurements are not here")
    (rows,) = (part for part in adapted.read(TRUTH / name) if part.family == "power")
    watts = first_principles()(rows)
    assert np.isfinite(watts).all()
    assert np.mean(np.abs(watts / rows["power_w"] - 1)) < limit


def test_no_operator_draws_more_than_the_board_allows():
    chips = Chips.of(B200)
    sizes = {"m": 16384.0, "n": 16384.0, "k": 16384.0}
    o = Operator(name="x", block="x", kind=Kind.MATMUL, flop=2.0 * 16384.0**3, weight_bytes=2.0 * 16384.0**2, **sizes)
    time = operator_time(o, chips)
    watts = held_energy(o, time, chips) / time.time + chips.static_power
    assert sum(energy_parts(o, time, chips)) / time.time + chips.static_power > B200.tdp
    assert watts == pytest.approx(B200.tdp)
