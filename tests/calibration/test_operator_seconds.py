"""Calibrated seconds of attention, experts and scans: bounds, bands, kernels, and chips that were not measured."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.cost.calibrated import Basis
from interlock.cost.calibrated.attention import attention_seconds
from interlock.cost.calibrated.coefficients import coefficients
from interlock.cost.calibrated.experts import experts_seconds
from interlock.cost.calibrated.latent_attention import latent_attention_seconds
from interlock.cost.calibrated.scan import scan_seconds
from interlock.errors import UnsupportedError
from interlock.hardware import chip

H100 = chip("h100-sxm")
RANDOM = np.random.default_rng(5)


def powers(low: int, high: int, count: int = 300) -> np.ndarray:
    return 2.0 ** RANDOM.integers(low, high + 1, count)


HEADS = powers(2, 6)
ATTENTION = {"heads": HEADS, "kv_heads": np.minimum(powers(0, 3), HEADS), "head_dim": powers(6, 7)}
LONG = {"sequences": powers(0, 6), "context": powers(0, 15) - 1.0, "tokens": 1.0}
PROMPTS = {"sequences": powers(0, 3), "context": 0.0, "tokens": np.round(np.exp(RANDOM.uniform(0, 9, 300)))}
ROUTED = {
    "tokens": powers(0, 13), "hidden": 4096.0, "intermediate": 1536.0, "experts": 128.0, "top_k": 8.0,
    "expert": powers(0, 4), "skew": RANDOM.uniform(0, 1.5, 300),
}  # fmt: skip
DELTA = {"heads": powers(2, 6), "head_dim": 128.0, "groups": 16.0, "state": 128.0, "sequences": powers(0, 5)}
CALLS = {
    "attention-decode": lambda c, s: attention_seconds(c, s, "decode", **ATTENTION, **LONG),
    "attention-prefill": lambda c, s: attention_seconds(c, s, "prefill", **ATTENTION, **PROMPTS),
    "latent-attention-decode": lambda c, s: latent_attention_seconds(c, s, "decode", heads=HEADS, **LONG),
    "latent-attention-prefill": lambda c, s: latent_attention_seconds(c, s, "prefill", heads=HEADS, **PROMPTS),
    "experts": lambda c, s: experts_seconds(c, s, **ROUTED),
    "scan": lambda c, s: scan_seconds(c, s, "gated-delta", "prefill", tokens=PROMPTS["tokens"], **DELTA),
}
LAYER = partial(attention_seconds, heads=32.0, kv_heads=8.0, sequences=16.0, tokens=1.0, context=4095.0)


def varied(one, what: str, factor: float):
    """A chip with more of one resource."""
    if what == "peak":
        engine = one.engines["matrix"]
        peaks = {name: value * factor for name, value in engine.peaks.items()}
        return replace(one, engines={**one.engines, "matrix": replace(engine, peaks=peaks)})
    memory = replace(one.memories["main"], bandwidth=one.memories["main"].bandwidth * factor)
    return replace(one, memories={**one.memories, "main": memory})


@pytest.mark.parametrize("family", CALLS)
@given(what=st.sampled_from(["bandwidth", "peak"]), factor=st.floats(1.001, 8.0), place=st.integers(0, 20))
@settings(max_examples=12)
def test_more_of_a_resource_is_never_slower(family, what, factor, place):
    names = sorted({key[0] for key in coefficients(family).sets} | {"a40", "h100-pcie"})
    one = chip(names[place % len(names)])
    before, after = CALLS[family](one, None), CALLS[family](varied(one, what, factor), None)
    assert np.all(after.seconds <= before.seconds * (1 + 1e-5))


@pytest.mark.parametrize("family", CALLS)
@pytest.mark.parametrize("name", ["h100-sxm", "b200-sxm", "l40s", "a40"])
def test_the_band_holds_the_time_and_all_times_are_real(family, name):
    seconds, low, high, *_ = CALLS[family](chip(name), None)
    assert np.all(np.isfinite(seconds))
    assert np.all((low <= seconds) & (seconds <= high))
    assert np.all((seconds > 5e-7) & (low > 0))


@pytest.mark.parametrize("name", ["h100-sxm", "l40s", "rtx-pro-6000-server", "a40"])
def test_no_time_is_shorter_than_rated_peaks_allow(name):
    one = chip(name)
    cache = (one.memories.get("llc") or one.memories["l2"]).capacity
    kv = 2 * LONG["sequences"] * ATTENTION["kv_heads"] * ATTENTION["head_dim"] * (LONG["context"] + 1) * 2
    decode = CALLS["attention-decode"](one, None).seconds
    assert np.all(decode >= (kv - cache) / one.main.bandwidth * (1 - 1e-5))
    lines, n = PROMPTS["sequences"] * ATTENTION["heads"], PROMPTS["tokens"]
    work = 2 * lines * n * (n + 1) * ATTENTION["head_dim"]
    assert np.all(CALLS["attention-prefill"](one, None).seconds >= work / one.peak("bf16") * (1 - 1e-5))
    work = 6 * ROUTED["tokens"] * 8 / ROUTED["expert"] * 4096 * 1536
    assert np.all(CALLS["experts"](one, None).seconds >= work / one.peak("bf16") * (1 - 1e-5))


@pytest.mark.parametrize("family", CALLS)
def test_a_chip_that_was_not_measured_gets_a_wider_band(family):
    own, other = CALLS[family](H100, "sglang"), CALLS[family](chip("a40"), "sglang")
    variant = CALLS[family](varied(H100, "bandwidth", 1.25), "sglang")
    assert own.basis is Basis.OWN
    for one in (other, variant):
        assert one.basis is Basis.OTHER_CHIP
        assert np.mean(np.log(one.high / one.low)) > np.mean(np.log(own.high / own.low))


def test_a_kernel_that_is_not_named_is_the_one_that_ran_for_such_heads():
    wide = LAYER(H100, "vllm", "decode", head_dim=512.0)
    assert wide.seconds == LAYER(H100, "vllm", "decode", head_dim=512.0, kernel="vllm_flash_attn_fa4").seconds
    usual = LAYER(H100, "vllm", "decode", head_dim=128.0)
    assert usual.seconds == LAYER(H100, "vllm", "decode", head_dim=128.0, kernel="vllm_flash_attn_fa3").seconds
    assert usual.seconds != LAYER(H100, "vllm", "decode", head_dim=128.0, kernel="vllm_flash_attn_fa4").seconds
    both = LAYER(H100, "vllm", "decode", head_dim=np.array([512.0, 128.0])).seconds
    np.testing.assert_allclose(both, [wide.seconds, usual.seconds], rtol=1e-5)


def test_a_stack_is_the_named_version_or_its_newest_or_the_mean_of_the_measured():
    def time(stack):
        return LAYER(H100, stack, "decode", head_dim=128.0)

    assert time("vllm").seconds == time("vllm 0.24.0").seconds
    assert time("vllm").basis is Basis.OWN
    assert time("vllm 9.0").basis is time("my-engine").basis is time(None).basis is Basis.OTHER_STACK
    each = [time(stack).seconds for stack in ("sglang", "trtllm", "vllm")]
    assert time(None).seconds == pytest.approx(np.exp(np.mean(np.log(each))), rel=1e-5)
    assert time("my-engine").high / time("my-engine").low > time(None).high / time(None).low


def test_a_cache_of_positions_that_was_just_read_is_read_faster():
    warm = LAYER(chip("l40s"), "vllm", "decode", head_dim=128.0, copies=1.0)
    short = {"head_dim": 128.0, "context": 255.0}
    assert warm.seconds == pytest.approx(LAYER(chip("l40s"), "vllm", "decode", head_dim=128.0).seconds, rel=0.02)
    warm = LAYER(chip("l40s"), "vllm", "decode", **short, copies=1.0)
    assert warm.seconds < LAYER(chip("l40s"), "vllm", "decode", **short).seconds


def test_a_window_is_no_slower_than_all_positions():
    long = {"head_dim": 128.0, "context": 65535.0, "window": np.array([128.0, 0.0])}
    windowed, whole = LAYER(H100, "vllm", "decode", **long).seconds
    assert windowed < whole


def test_ungated_experts_do_not_take_the_time_of_gated_ones():
    layer = {"tokens": 4096.0, "hidden": 2688.0, "intermediate": 1856.0, "experts": 128.0, "top_k": 6.0}
    gated, ungated = (experts_seconds(H100, "trtllm", **layer, gated=flag).seconds for flag in (1.0, 0.0))
    assert ungated < gated


def test_shapes_broadcast():
    found = LAYER(H100, "vllm", "decode", head_dim=np.array([[64.0], [128.0]]), window=np.zeros(3))
    assert found.seconds.shape == found.low.shape == found.high.shape == (2, 3)
    assert np.ndim(LAYER(H100, "vllm", "decode", head_dim=64.0).seconds) == 0


@pytest.mark.parametrize("formats", [{"kv_format": "int4-g128"}, {"activation_format": "fp32"}])
def test_formats_of_attention_without_measurements_are_refused(formats):
    with pytest.raises(UnsupportedError, match="no calibration"):
        LAYER(H100, "vllm", "decode", head_dim=128.0, **formats)


def test_what_was_not_measured_is_refused():
    with pytest.raises(UnsupportedError, match="phase"):
        LAYER(H100, "vllm", "encoder", head_dim=128.0)
    with pytest.raises(UnsupportedError, match="no calibration for experts"):
        experts_seconds(H100, None, **ROUTED, weight_format="nf4")
    with pytest.raises(UnsupportedError, match="mamba2/prefill"):
        scan_seconds(H100, None, "mamba2", "prefill", tokens=64.0, **DELTA)


@pytest.mark.parametrize(("name", "why"), [("h20", "needs clock_hz"), ("tpu-v5e", "only GPUs|needs")])
def test_a_chip_unlike_the_measured_ones_is_refused(name, why):
    with pytest.raises(UnsupportedError, match=why):
        LAYER(chip(name), None, "decode", head_dim=128.0)
