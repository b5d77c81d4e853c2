"""Calibrated seconds of products: bounds, bands, and what a chip that was not measured gets."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.cost.calibrated import Basis, gemm_seconds
from interlock.cost.calibrated.coefficients import coefficients
from interlock.cost.calibrated.schemes import SCHEMES
from interlock.errors import UnsupportedError
from interlock.hardware import chip

H100 = chip("h100-sxm")
MEASURED = sorted({key[0] for key in coefficients("gemm", "wide").sets})


def varied(one, what: str, factor: float):
    """A chip with more of one resource."""
    if what == "peak":
        engine = one.engines["matrix"]
        peaks = {name: value * factor for name, value in engine.peaks.items()}
        return replace(one, engines={**one.engines, "matrix": replace(engine, peaks=peaks)})
    role, field = ("main", "bandwidth") if what == "bandwidth" else ("l2", "capacity")
    memory = replace(one.memories[role], **{field: getattr(one.memories[role], field) * factor})
    return replace(one, memories={**one.memories, role: memory})


@given(
    name=st.sampled_from(MEASURED),
    what=st.sampled_from(["bandwidth", "peak", "cache"]),
    factor=st.floats(1.001, 8.0),
    copies=st.sampled_from([5.0, np.inf]),
)
def test_more_of_a_resource_is_never_slower(shapes, name, what, factor, copies):
    one = chip(name)
    some = [column[:200] for column in shapes]
    before = gemm_seconds(one, "vllm", "bf16", "bf16", *some, copies)
    after = gemm_seconds(varied(one, what, factor), "vllm", "bf16", "bf16", *some, copies)
    assert np.all(after.seconds <= before.seconds * (1 + 1e-5))


@pytest.mark.parametrize("name", [*MEASURED, "a40", "mi300x"])
def test_no_time_is_shorter_than_rated_peaks_allow(shapes, name):
    one = chip(name)
    m, n, k = (column.astype(float) for column in shapes)
    seconds = gemm_seconds(one, None, "bf16", "bf16", *shapes).seconds
    cache = (one.memories.get("llc") or one.memories["l2"]).capacity
    beyond = np.maximum(2 * (m * n + m * k + n * k) - cache, 0) / one.main.bandwidth
    least = np.maximum(2 * m * n * k / one.peak("bf16"), beyond)
    assert np.all(seconds >= least * (1 - 1e-5))


@pytest.mark.parametrize("scheme", ["bf16", "fp8", "fp8-block", "nvfp4"])
def test_the_band_holds_the_time(shapes, scheme):
    form = {"bf16": "bf16", "nvfp4": "nvfp4"}.get(scheme, "fp8-e4m3")
    kernel = "fp8_block" if scheme == "fp8-block" else ""
    seconds, low, high, basis = gemm_seconds(chip("b200-sxm"), "vllm", form, form, *shapes, kernel=kernel)
    assert basis is Basis.OWN
    assert SCHEMES[scheme].operand in {"bf16", "fp8", "fp4"}
    assert np.all((low < seconds) & (seconds < high))


def test_a_chip_that_was_not_measured_gets_a_wider_band():
    own = gemm_seconds(H100, "vllm", "bf16", "bf16", 512.0, 4096.0, 4096.0)
    other = gemm_seconds(chip("a40"), "vllm", "bf16", "bf16", 512.0, 4096.0, 4096.0)
    variant = gemm_seconds(varied(H100, "bandwidth", 1.25), "vllm", "bf16", "bf16", 512.0, 4096.0, 4096.0)
    assert own.basis is Basis.OWN
    assert (own.basis.evidence, other.basis.evidence) == ("calibrated", "derived")
    for one in (other, variant):
        assert one.basis is Basis.OTHER_CHIP
        assert one.high / one.low > own.high / own.low


def test_a_scheme_that_a_chip_was_not_measured_in_comes_from_other_chips():
    assert gemm_seconds(chip("a100-80g"), None, "nvfp4", "nvfp4", 64.0, 4096.0, 4096.0).basis is Basis.OTHER_CHIP


def test_a_stack_is_the_named_version_or_its_newest_or_the_mean_of_the_measured():
    def seconds(stack):
        return gemm_seconds(H100, stack, "bf16", "bf16", 300.0, 5120.0, 4096.0)

    assert seconds("sglang").seconds == seconds("sglang 0.5.14").seconds != seconds("sglang 0.5.6.post2").seconds
    assert seconds("sglang 0.5.6.post2").basis is seconds("sglang").basis is Basis.OWN
    assert seconds("sglang 9.0").basis is seconds("cublas").basis is seconds(None).basis is Basis.OTHER_STACK
    each = [seconds(stack) for stack in ("sglang", "trtllm", "vllm")]
    assert seconds(None).seconds == pytest.approx(np.exp(np.mean([np.log(one.seconds) for one in each])), rel=1e-5)
    assert seconds("cublas").high / seconds("cublas").low > seconds(None).high / seconds(None).low
    assert seconds(None).low == pytest.approx(min(one.low for one in each), rel=1e-5)


def test_weights_that_the_cache_still_holds_are_read_faster():
    sizes = (8.0, 2048.0, 2048.0)
    warm = gemm_seconds(chip("l40s"), "vllm", "bf16", "bf16", *sizes, copies=1.0)
    assert warm.seconds < gemm_seconds(chip("l40s"), "vllm", "bf16", "bf16", *sizes).seconds


def test_shapes_broadcast():
    found = gemm_seconds(
        H100, "vllm", "bf16", "bf16", np.array([[1.0], [64.0]]), np.array([512.0, 1024.0, 2048.0]), 4096
    )
    assert found.seconds.shape == found.low.shape == (2, 3)


@pytest.mark.parametrize("pair", [("fp32", "fp32"), ("int3-g64", "bf16"), ("fp8-e4m3", "bf16"), ("nf4", "bf16")])
def test_formats_without_measurements_are_refused(pair):
    with pytest.raises(UnsupportedError, match="no calibration"):
        gemm_seconds(H100, "vllm", *pair, 1.0, 4096.0, 4096.0)


@pytest.mark.parametrize(
    ("name", "why"), [("h20", "needs clock_hz"), ("tpu-v5e", "only GPUs"), ("inferentia2", "GPUs")]
)
def test_a_chip_unlike_the_measured_ones_is_refused(name, why):
    with pytest.raises(UnsupportedError, match=why):
        gemm_seconds(chip(name), None, "bf16", "bf16", 1.0, 4096.0, 4096.0)
