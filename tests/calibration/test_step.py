"""Steps on measured chips: products take calibrated times, everything has a band, better hardware is never slower."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.cost import Chips
from interlock.cost.bands import FAMILIES, corrected, family_of
from interlock.cost.calibrated import gemm_seconds
from interlock.hardware import chip
from interlock.inference import price_step
from interlock.inference.step_cost import StepCost
from interlock.models import Formats, decode, model, prefill, scheme
from interlock.operators import Kind, Operator
from interlock.parallel import Parallelism

LLAMA = model("llama-3.1-8b")
SERIAL = Parallelism()


def step(name: str, sequences: float, context: float, weight: str = "bf16", activation: str = "bf16") -> StepCost:
    formats = Formats.of(scheme(weight, activation))
    return price_step(LLAMA, decode(sequences, context), formats, SERIAL, Chips.calibrated(chip(name)))


def seconds(cost: StepCost, name: str) -> float:
    return float(sum(np.asarray(item.time.time) for item in cost.operators if item.operator.name == name))


def test_a_product_takes_the_calibrated_time():
    found = step("h100-sxm", 16.0, 500.0)
    expected = gemm_seconds(chip("h100-sxm"), None, "bf16", "bf16", 16, 2 * 14336, 4096)
    assert seconds(found, "gate_up") == pytest.approx(float(expected.seconds), rel=1e-5)


def test_products_of_one_launch_are_priced_as_one_and_share_its_time():
    found = step("h100-sxm", 16.0, 500.0)
    whole = gemm_seconds(chip("h100-sxm"), None, "bf16", "bf16", 16, 4096 + 2 * 1024, 4096)
    query, kv = seconds(found, "query"), seconds(found, "key_value")
    assert query + kv == pytest.approx(float(whole.seconds), rel=1e-5)
    assert query == pytest.approx(2 * kv)


@pytest.mark.parametrize("name", ["h100-sxm", "l40s", "mi300x", "tpu-v5p", "snapdragon-8-gen-3"])
def test_every_time_lies_in_its_band_and_so_does_the_step(name: str):
    found = step(name, 4.0, 300.0, "int4-g128")
    for item in found.operators:
        time = np.asarray(item.time.time)
        assert np.all(np.asarray(item.time.low) <= time * (1 + 1e-9)), item.operator.name
        assert np.all(time <= np.asarray(item.time.high) * (1 + 1e-9)), item.operator.name
    assert 0 < found.low < found.time < found.high


def test_errors_of_one_family_add_and_of_different_families_do_not():
    found = step("h100-sxm", 16.0, 500.0)
    alone = sum(np.asarray(item.time.high) * item.operator.count for item in found.operators)
    assert found.high < alone


@pytest.mark.parametrize("weight", ["int3-g128", "mxfp4", "int4-g128", "int8"])
def test_formats_that_were_not_measured_lie_near_their_nearest(weight: str):
    nearest = "int8" if weight == "int8" else "int4-g128"
    mine = seconds(step("h100-sxm", 16.0, 500.0, weight), "gate_up")
    theirs = seconds(step("h100-sxm", 16.0, 500.0, nearest), "gate_up")
    assert 0.6 * theirs <= mine <= 1.2 * theirs


@given(
    st.sampled_from(["bandwidth", "peak", "cache_bandwidth"]),
    st.floats(1.0, 4.0),
    st.integers(1, 256),
    st.integers(1, 4000),
)
def test_better_hardware_is_never_slower(what: str, factor: float, sequences: int, context: int):
    chips = Chips.calibrated(chip("h100-sxm"))
    formats = Formats.of(scheme("bf16"))
    better = chips.varied(**{what: np.asarray(getattr(chips, what)) * factor})
    for work in (decode(float(sequences), float(context)), prefill(1.0, float(context))):
        before = price_step(LLAMA, work, formats, SERIAL, chips).time
        assert price_step(LLAMA, work, formats, SERIAL, better).time <= before * (1 + 1e-9)


def test_chips_without_measurements_keep_first_principles_with_a_band():
    phone = chip("snapdragon-8-gen-3")
    plain = price_step(LLAMA, decode(1.0, 300.0), Formats.of(scheme("int4-g128")), SERIAL, Chips.of(phone))
    banded = price_step(LLAMA, decode(1.0, 300.0), Formats.of(scheme("int4-g128")), SERIAL, Chips.calibrated(phone))
    assert float(banded.time) == pytest.approx(float(plain.time))
    assert banded.low < plain.time < banded.high
    assert np.isnan(plain.low)


def test_what_a_step_stands_on_is_said_by_family():
    bases = step("h100-sxm", 16.0, 500.0).bases
    assert set(bases) <= set(FAMILIES)
    assert str(bases["gemm"]).startswith("calibrated")
    assert str(step("mi300x", 16.0, 500.0).bases["gemm"]) == "first principles"


@given(st.floats(1e-7, 1.0), st.floats(1.0, 3.0))
def test_the_line_that_corrects_gpus_rises(before: float, factor: float):
    norm = Operator(name="norm", block="norm", kind=Kind.ELEMENTWISE, m=1.0, n=1.0)
    assert family_of(norm) == "elementwise"
    first, _, _ = corrected(norm, before, chip("mi300x"))
    second, _, _ = corrected(norm, before * factor, chip("mi300x"))
    assert first <= second
