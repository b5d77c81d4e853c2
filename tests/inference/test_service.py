"""One replica in steady state: identities of queues and pipelines, monotone where it must be."""

import math
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interlock import api
from interlock.cost import Chips
from interlock.hardware import chip
from interlock.inference import price_step, serve
from interlock.models import Formats, Model, model, prefill, scheme
from interlock.models.step import Step
from interlock.parallel import Parallelism

H100 = Chips.of(chip("h100-sxm"))
BF16 = Formats.of(scheme())
PICKS = ["llama-3.1-8b", "mixtral-8x7b", "deepseek-v2-lite", "gemma-2-9b", "mamba-2.8b", "jamba-v0.1"]


@cache
def shape(name: str) -> Model:
    return model(name)


def replica(name: str, *, tensor: int = 1, pipeline: int = 1, chips: Chips = H100, **load: Any):
    p = Parallelism(tensor=tensor, pipeline=pipeline)
    wanted = {"batch": 1.0, "prompt": 512.0, "output": 128.0, **load}
    return serve(shape(name), BF16, p, chips, **wanted)


loads = st.fixed_dictionaries(
    {"batch": st.integers(1, 256).map(float), "prompt": st.integers(1, 1500).map(float),
     "output": st.integers(1, 500).map(float)}
)  # fmt: skip


@given(st.sampled_from(PICKS), st.sampled_from([1, 2, 4, 8]), st.sampled_from([1, 2, 3, 4, 7]), loads)
def test_tokens_in_flight_are_rate_times_residence(name: str, tensor: int, pipeline: int, load: dict[str, float]):
    """Little's law: sequences held = requests a second x time in the decoding batch."""
    s = replica(name, tensor=tensor, pipeline=pipeline, **load)
    held = load["batch"] * pipeline
    assert s.tokens_per_s * s.tpot == pytest.approx(held, rel=1e-12)
    assert s.requests_per_s * (load["output"] * s.tpot) == pytest.approx(held, rel=1e-12)
    assert s.requests_per_s * load["output"] == pytest.approx(s.tokens_per_s, rel=1e-12)
    assert s.latency == pytest.approx(s.ttft + (load["output"] - 1) * s.tpot, rel=1e-12)
    assert s.power == pytest.approx(s.joules_per_token * s.tokens_per_s, rel=1e-12)


@given(st.sampled_from(PICKS), st.sampled_from([1, 2, 4]), st.sampled_from([1, 2, 3, 5, 7]), loads)
def test_a_cycle_is_no_shorter_than_its_decode_step_and_its_prompts(
    name: str, tensor: int, pipeline: int, load: dict[str, float]
):
    """The upper bound holds where blocks may have any size: apart, 338 + 164 rows may fill blocks that 502 do not."""
    smooth = replace(H100, blocks=np.zeros_like(H100.blocks), granule=np.ones_like(H100.granule))
    depth = shape(name).main.depth
    fullest = math.ceil(depth / pipeline) * pipeline / depth
    for chips, more in ((H100, np.inf), (smooth, 1.02)):  # weights are read for both
        s = replica(name, tensor=tensor, pipeline=pipeline, chips=chips, **load)
        assert s.decode is not None
        apart = s.decode.time + max(load["batch"], 1.0) * s.prefill.time / load["output"]
        if s.spilled == 0:
            assert s.decode.time * fullest * (1 - 1e-9) <= s.tpot <= apart * fullest * more


@pytest.mark.parametrize("stages", [1, 2, 3, 5, 7, 8, 16, 31, 32])
def test_the_fullest_stage_sets_the_pace_of_a_pipeline(stages: int):
    """Without transfers, a pipeline of s stages over L layers runs at 1 / (ceil(L / s) s / L) of the ideal."""
    links = replace(
        H100.links, **dict.fromkeys(("bandwidth", "pair_bandwidth", "out_bandwidth"), np.inf),
        latency=0.0, out_latency=0.0,
    )  # fmt: skip
    free = replace(H100, links=links, launch=0.0, usable=np.inf)
    one = replica("llama-3.1-8b", chips=free, batch=8.0)
    many = replica("llama-3.1-8b", chips=free, batch=8.0, pipeline=stages)
    bubble = math.ceil(32 / stages) * stages / 32
    assert many.tpot / one.tpot == pytest.approx(bubble, rel=1e-9)
    assert many.tokens_per_s / one.tokens_per_s == pytest.approx(stages / bubble, rel=1e-9)


@settings(max_examples=60)
@given(st.sampled_from(PICKS), st.sampled_from([1, 2, 4]), st.integers(1, 200), st.integers(1, 200), loads)
def test_a_larger_batch_serves_more_and_answers_later(
    name: str, tensor: int, batch: int, more: int, load: dict[str, float]
):
    chips = replace(H100, usable=np.inf)
    small = replica(name, tensor=tensor, chips=chips, **{**load, "batch": float(batch)})
    large = replica(name, tensor=tensor, chips=chips, **{**load, "batch": float(batch + more)})
    assert large.tpot >= small.tpot * (1 - 1e-12)
    assert large.memory.total > small.memory.total


@pytest.mark.parametrize("name", PICKS)
@pytest.mark.parametrize("tensor", [1, 8])
def test_doubling_the_batch_never_lowers_throughput(name: str, tensor: int):
    batches = 2.0 ** np.arange(9)
    s = replica(name, tensor=tensor, chips=replace(H100, usable=np.inf), batch=batches)
    assert np.all(np.diff(s.tokens_per_s) >= 0)
    assert np.all(np.diff(s.joules_per_token) <= 0)


@settings(max_examples=60)
@given(st.sampled_from(PICKS), st.integers(1, 3000), st.integers(1, 3000), loads)
def test_a_longer_prompt_is_never_read_faster(name: str, prompt: int, more: int, load: dict[str, float]):
    chips = replace(H100, usable=np.inf)
    short = replica(name, chips=chips, **{**load, "prompt": float(prompt)})
    long = replica(name, chips=chips, **{**load, "prompt": float(prompt + more)})
    for figure in ("ttft", "tpot", "latency"):
        assert getattr(long, figure) >= getattr(short, figure) * (1 - 1e-12)
    assert long.memory.total >= short.memory.total


@settings(max_examples=60)
@given(st.sampled_from(PICKS), st.integers(1, 1000), st.integers(1, 1000), loads)
def test_a_longer_answer_takes_longer_but_its_prompt_weighs_less(
    name: str, output: int, more: int, load: dict[str, float]
):
    chips = replace(H100, usable=np.inf)
    short = replica(name, chips=chips, **{**load, "output": float(output)})
    long = replica(name, chips=chips, **{**load, "output": float(output + more)})
    assert long.requests_per_s <= short.requests_per_s * (1 + 1e-12)
    assert long.memory.kv >= short.memory.kv
    assert long.decode is not None
    assert long.decode.time >= short.decode.time  # type: ignore[union-attr]


@pytest.mark.parametrize("pipeline", [2, 4, 8])
def test_one_sequence_gains_nothing_from_pipeline_stages(pipeline: int):
    """A single sequence is in one stage at a time: its token passes all layers, whoever holds them."""
    prompt = {"prompt": 8000, "output": 100, "weight_format": "bf16"}
    one = api.estimate("llama-3.1-8b", "h100-sxm", **prompt)
    cut = api.estimate("llama-3.1-8b", "h100-sxm", pipeline_parallel_size=pipeline, **prompt)
    assert cut.tpot_s >= one.tpot_s
    assert cut.ttft_s >= one.ttft_s
    assert cut.tokens_per_s <= one.tokens_per_s
    assert cut.joules_per_token is not None
    assert cut.joules_per_token > one.joules_per_token  # type: ignore[operator]


def test_overflow_is_read_again_in_every_step():
    spill = chip("h100-sxm").memories["host"].bandwidth
    e = api.estimate("llama-3.1-70b", "h100-sxm", prompt=512, output=128, host_memory="256 GB")
    assert e.feasible
    assert e.spilled_bytes == pytest.approx(e.weights_bytes + e.kv_bytes + e.activation_bytes - e.usable_bytes)
    assert e.tpot_s >= e.spilled_bytes / spill  # type: ignore[operator]
    assert e.ttft_s >= e.spilled_bytes / spill  # type: ignore[operator]
    assert any("spill" in note for note in e.notes)


def test_overflowing_weights_are_read_on_every_stage():
    spill = chip("h100-sxm").memories["host"].bandwidth
    e = api.estimate("llama-3.1-405b", "h100-sxm", pipeline_parallel_size=2, prompt=512, output=128, host_memory="1 TB")
    assert e.spilled_bytes > e.kv_bytes
    assert e.tpot_s >= 2 * (e.spilled_bytes - e.kv_bytes) / spill  # type: ignore[operator]


def test_without_room_behind_the_chip_what_does_not_fit_is_a_problem_with_its_size():
    e = api.estimate("llama-3.1-405b", "h100-sxm", host_memory="100 GB")
    assert not e.feasible
    assert e.usd_per_million_tokens is None
    assert any("GB a chip do not fit, and the second tier holds 100.0 GB" in text for text in e.problems)


@pytest.mark.parametrize("name", ["bert-base", "vit-base-patch16", "clip-vit-large-patch14"])
def test_an_encoder_answers_in_one_step(name: str):
    prompt = 64.0
    step = prefill(4.0, prompt, images=1.0)
    s = serve(shape(name), BF16, Parallelism(), H100, batch=4.0, prompt=prompt, output=128.0, images=1.0)
    assert s.decode is None
    assert s.tpot == 0
    assert s.ttft == s.latency == price_step(shape(name), step, BF16, Parallelism(), H100).time
    assert s.tokens_per_s == s.requests_per_s == pytest.approx(4.0 / s.ttft)
    assert s.ttft > 0


def test_an_encoder_decoder_reads_its_prompt_once_and_decodes_against_it():
    t5 = shape("t5-large")
    short, long = (
        serve(t5, BF16, Parallelism(), H100, batch=8.0, prompt=prompt, output=64.0) for prompt in (64.0, 400.0)
    )
    encoded = sum(float(np.asarray(o.operator.flop * o.operator.count)) for o in long.prefill.operators)
    per_token = 2 * sum(layer.count * sum(w.elements for w in layer.weights(t5.encoder.width) if w.group == "linear")
                        for layer in t5.encoder.layers)  # type: ignore[union-attr]  # fmt: skip
    assert encoded > 400 * per_token
    assert long.ttft > short.ttft
    assert long.memory.kv > short.memory.kv
    crossed = [o.operator for o in long.decode.operators if "cross_attend_decode" in o.operator.name]  # type: ignore[union-attr]
    assert crossed
    assert all(o.n == 400 and o.kv_bytes > 0 for o in crossed)


def test_an_encoder_decoders_cache_has_the_prompt_in_one_half_and_the_answer_in_the_other():
    t5 = shape("t5-large")
    s = serve(t5, BF16, Parallelism(), H100, batch=1.0, prompt=400.0, output=64.0)
    layer = t5.decoder.layers[0]  # type: ignore[union-attr]
    each = layer.mixer.kv_width * 2  # type: ignore[union-attr]
    assert s.memory.kv == pytest.approx(24 * each * (400 + 65))


@pytest.mark.parametrize("name", PICKS)
def test_columns_of_batches_and_schemes_equal_one_by_one(name: str):
    kinds = [scheme("bf16"), scheme("fp8", "fp8", "fp8"), scheme("int4-g128", "bf16")]
    batches, stages = [1.0, 6.0, 96.0], [1.0, 2.0]
    p = Parallelism(tensor=2.0, pipeline=np.array(stages)[None, None, :])
    together = serve(
        shape(name), Formats.of(kinds, (-1, 1, 1)), p, H100, batch=np.array(batches)[None, :, None],
        prompt=900.0, output=90.0,
    )  # fmt: skip
    for i, kind in enumerate(kinds):
        for j, batch in enumerate(batches):
            for q, pipeline in enumerate(stages):
                one = serve(
                    shape(name), Formats.of(kind), Parallelism(tensor=2.0, pipeline=pipeline), H100, batch=batch,
                    prompt=900.0, output=90.0,
                )  # fmt: skip
                for figure in ("ttft", "tpot", "latency", "tokens_per_s", "joules_per_token", "power", "spilled"):
                    here = np.broadcast_to(getattr(together, figure), (3, 3, 2))[i, j, q]
                    assert here == pytest.approx(float(getattr(one, figure)), rel=1e-12), figure


def test_a_mixed_step_costs_no_more_than_its_parts_apart():
    both = Step(prefill_sequences=1.0, prefill_tokens=512.0, decode_sequences=32.0, decode_context=700.0)
    alone = (replace(both, decode_sequences=0.0), replace(both, prefill_sequences=0.0))
    times = [price_step(shape("llama-3.1-8b"), step, BF16, Parallelism(), H100).time for step in (both, *alone)]
    assert max(times[1:]) <= times[0] <= sum(times[1:])
