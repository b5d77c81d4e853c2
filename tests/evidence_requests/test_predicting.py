"""Predictions of whole runs: finite, ordered, within the roofline, and as fast as a sweep must be."""

import time
from dataclasses import replace

import numpy as np
import pytest

from interlock.errors import UnsupportedError
from interlock.evidence import Evidence, Source
from interlock.evidence.measurement import Measurements, spread
from interlock.validation.requests import Stack, bound, predict, stacks
from interlock.validation.requests.fit import fit_stacks, fitting_part

REQUESTS = [
    "apex_plus_e2e", "blis_h100_vllm", "executorch", "gpustack_perflab", "llm_inference_bench", "qualcomm_ai_hub",
    "serving_published", "splitwise_sim", "tensorrt_llm",
]  # fmt: skip
# Rows that beat full peaks without any software, and why that is no proof against the bound:
#   deepspeed: waves of whole batches, while it lets sequences in one by one
#   snapdragon-x-elite: the rate of its NPU at 16 bits is not published, and that of the GPU stands in for it
#   vllm-eager: 64 prompts that do not fit were not read together before the first token
#   rtx-pro-6000-server: 5 % above the printed peak of FP4
ABOVE = {
    ("llm_inference_bench", "a100-40g", "deepspeed"): 1,
    ("qualcomm_ai_hub", "snapdragon-x-elite", "genie"): 6,
    ("splitwise_sim", "a100-80g", "vllm-eager"): 1,
    ("splitwise_sim", "h100-sxm", "vllm-eager"): 1,
    ("tensorrt_llm", "rtx-pro-6000-server", "trt-llm"): 2,
}
SOURCE = Source(kind=Evidence.MEASURED, ref="made here")


def rows(**changed):
    told = {
        "chip": "h100-sxm", "stack": "vllm", "model": "llama-3.1-8b", "weight_format": "bf16",
        "activation_format": "bf16", "kv_format": "bf16", "tensor": 1.0, "pipeline": 1.0, "expert": 1.0, "data": 1.0,
        "batch": 1.0, "prompt": 512.0, "output": 128.0, "quantity": "latency", "value": 1.0, "static": 1.0,
    } | changed  # fmt: skip
    columns = spread(**told)
    return Measurements(family="request", set_name="made here", licence="", source=SOURCE, columns=columns)


def requests(sets):
    return [part for part in sets if part.family == "request"]


@pytest.mark.parametrize("name", REQUESTS)
def test_every_row_of_a_known_chip_and_stack_is_predicted(measured, name):
    for part in requests(measured(name)):
        found = predict(part)
        known = np.isfinite(found)
        unknown = ~np.isin(part["chip"], ["galaxy-s22", "sa8295p", "snapdragon-8-elite-gen-5"])
        unknown &= ~((part["quantity"] == "ttft") & np.isin(part["chip"], ["snapdragon-8-elite", "snapdragon-8-gen-3"]))
        assert known[unknown].all()
        assert (found[known] > 0).all()


def test_the_whole_benchmark_in_seconds(measured):
    main = measured("llm_inference_bench")[0]
    started = time.perf_counter()
    assert np.isfinite(predict(main)).all()
    assert (time.perf_counter() - started) / len(main) < 10 / 4772


@pytest.mark.parametrize("name", REQUESTS)
def test_no_measurement_beats_the_roofline_but_those_we_know(measured, name):
    above: dict[tuple[str, str, str], int] = {}
    for part in requests(measured(name)):
        rate = part["quantity"] == "tokens_per_s"
        most = bound(part)
        share = np.where(rate, part.measured / most, most / part.measured)
        for row in np.flatnonzero(share > 1.0):
            key = (name, str(part["chip"][row]), str(part["stack"][row]))
            above[key] = above.get(key, 0) + 1
    for key, count in above.items():
        assert count <= ABOVE.get(key, 0), key


@pytest.mark.parametrize("name", REQUESTS)
def test_no_prediction_beats_the_roofline(measured, name):
    for part in requests(measured(name)):
        rate = part["quantity"] == "tokens_per_s"
        found, most = predict(part), bound(part)
        share = np.where(rate, found / most, most / found)
        assert np.nanmax(share, initial=0.0) <= 1.0 + 1e-9


@pytest.mark.parametrize("name", REQUESTS)
def test_together_is_as_one_by_one(measured, name):
    for part in requests(measured(name)):
        found = predict(part)
        for row in np.random.default_rng(1).choice(len(part), min(12, len(part)), replace=False):
            alone = predict(part.where(np.arange(len(part)) == row))
            np.testing.assert_allclose(alone, found[row : row + 1], rtol=1e-9)


@pytest.mark.parametrize("column", ["batch", "prompt", "output"])
@pytest.mark.parametrize("stack", ["ideal", "trt-llm", "vllm"])
@pytest.mark.parametrize("chip", ["a100-40g", "h100-sxm", "mi300x", "gaudi2", "sn40l", "gh200-96g", "max-1550"])
def test_more_work_never_ends_sooner(chip, stack, column):
    values = np.array([1.0, 2, 3, 5, 8, 16, 17, 32, 64, 65, 128, 500])
    found = predict(rows(chip=chip, stack=stack, **{column: values}))
    assert np.isfinite(found).all()
    assert (np.diff(found) > -1e-12 * found[1:]).all()


@pytest.mark.parametrize("tensor", [2.0, 4.0, 8.0])
def test_sockets_without_a_published_link_are_predicted(tensor):
    assert np.isfinite(predict(rows(chip="sn40l", tensor=tensor, model="llama-3-70b", stack="sambaflow"))).all()


def test_a_batch_that_does_not_fit_runs_in_waves():
    one = predict(rows(chip="a100-40g", stack="ideal", model="llama-2-7b", batch=5.0, prompt=2000.0, output=2000.0))
    many = rows(
        chip="a100-40g", stack="ideal", model="llama-2-7b", batch=np.arange(1.0, 65.0), prompt=2000.0, output=2000.0
    )
    found = predict(many)
    fits = int(np.argmax(np.diff(found) > 0.3 * found[0]) + 1)  # where one more sequence needs a wave of its own
    assert 9 <= fits <= 12  # 38.7 GB usable, 13.5 of weights, 2.1 GB a sequence
    assert found[2 * fits - 1] == pytest.approx(2 * found[fits - 1])
    assert found[fits] == pytest.approx(found[fits - 1] + found[0])
    assert one[0] == found[4]


def test_a_stack_adds_what_it_says():
    part = rows(stack="own", batch=4.0, tensor=2.0)
    plain = Stack(source=SOURCE)
    base = predict(part, {"own": plain})[0]
    assert predict(part, {"own": replace(plain, step_s=1e-3)})[0] - base == pytest.approx(128e-3)
    assert predict(part, {"own": replace(plain, sequence_s=1e-3)})[0] - base == pytest.approx(4 * 128e-3)
    assert predict(part, {"own": replace(plain, collective_s=1e-3)})[0] - base == pytest.approx(128 * 66e-3)
    assert predict(part, {"own": replace(plain, pace_ratio=0.5)})[0] == pytest.approx(2 * base)


def test_decoding_at_batch_one_is_the_memory():
    """16.06 GB of weights less the table of embeddings that is looked up, at 0.85 of 3.35 TB/s, and launches."""
    found = predict(rows(stack="ideal", quantity="tpot", output=2.0, prompt=1.0))[0]
    assert 15.0e9 / (0.85 * 3.35e12) < found < 1.25 * 15.0e9 / (0.85 * 3.35e12)


def test_chunks_of_one_prompt_pass_the_stages_like_a_pipeline():
    def read(stages, chunk):
        return predict(
            rows(stack="ideal", pipeline=stages, prompt=1024.0, chunk=chunk, quantity="ttft", model="llama-2-7b")
        )[0]

    assert read(1.0, 16.0) > 10 * read(1.0, 1024.0)  # weights are read for every chunk
    assert read(4.0, 16.0) == pytest.approx(read(1.0, 16.0) * (64 + 3) / (4 * 64), rel=0.05)
    assert read(4.0, 1024.0) == pytest.approx(read(1.0, 1024.0), rel=0.05)


def test_under_load_the_pieces_agree():
    told = {"static": 0.0, "batch": 32.0, "output": 200.0}
    tokens, tpot, ttft, latency = (
        predict(rows(quantity=quantity, **told))[0] for quantity in ("tokens_per_s", "tpot", "ttft", "latency")
    )
    assert tokens == pytest.approx(32 / tpot)
    assert latency == pytest.approx(ttft + 199 * tpot)
    rate = tokens / 200.0  # the same load as arrivals: Little's law
    again = predict(rows(quantity="tpot", **(told | {"batch": 1024.0, "rate": rate})))[0]
    assert again == pytest.approx(tpot, rel=0.02)


def test_what_does_not_fit_waits():
    few, many = (
        {
            quantity: predict(rows(model="llama-2-7b", static=0.0, batch=batch, prompt=2000.0, quantity=quantity))[0]
            for quantity in ("tokens_per_s", "ttft", "latency")
        }
        for batch in (40.0, 400.0)
    )
    assert many["tokens_per_s"] == pytest.approx(few["tokens_per_s"], rel=0.1)
    assert many["ttft"] > 5 * few["ttft"]
    assert many["latency"] == pytest.approx(400 * 128 / many["tokens_per_s"], rel=0.01)


def test_what_no_catalogue_has_is_not_predicted():
    found = predict(rows(chip=np.array(["h100-sxm", "chip of tomorrow"]), model=np.array(["llama-3.1-8b"] * 2)))
    assert np.isfinite(found).tolist() == [True, False]
    assert np.isnan(predict(rows(stack="stack of tomorrow"))).all()


def test_training_is_not_predicted_yet():
    columns = spread(
        chip="h100-sxm", stack="megatron", model="gpt3-175b", chips=8.0, tensor=8.0, pipeline=1.0, data=1.0, batch=8.0,
        microbatch=1.0, tokens=2048.0, seconds=1.0,
    )  # fmt: skip
    part = Measurements(family="training", set_name="made here", licence="", source=SOURCE, columns=columns)
    with pytest.raises(UnsupportedError, match="training"):
        predict(part)


def test_a_fit_finds_what_was_planted():
    planted = Stack(step_s=2e-3, sequence_s=5e-5, collective_s=1e-5, pace_ratio=0.9, reserve_bytes=2e9, source=SOURCE)
    generator = np.random.default_rng(3)
    count = 400
    part = rows(
        stack="own",
        chip="a100-40g",
        model=generator.choice(["llama-2-7b", "llama-3-8b", "llama-2-70b"], count),
        tensor=generator.choice([4.0, 8.0], count),
        batch=generator.choice([1.0, 8.0, 32.0, 64.0], count),
        prompt=generator.choice([128.0, 1024.0, 2048.0], count),
        output=generator.choice([128.0, 1024.0], count),
        place=np.arange(float(count)),
    )
    exact = replace(part, columns={**part.columns, "value": predict(part, {"own": planted})})
    found = fit_stacks([exact], share=0.2, start={"own": Stack(source=SOURCE)})["own"]
    assert found.step_s == pytest.approx(planted.step_s, rel=0.02)
    assert found.sequence_s == pytest.approx(planted.sequence_s, rel=0.02)
    assert found.collective_s == pytest.approx(planted.collective_s, rel=0.05)
    assert found.pace_ratio == pytest.approx(planted.pace_ratio, rel=0.01)
    assert found.reserve_bytes == planted.reserve_bytes
    assert found.source.kind is Evidence.CALIBRATED


def test_the_shipped_fit_holds_on_the_rows_it_did_not_see(measured):
    main = measured("llm_inference_bench")[0]
    shipped = stacks("stacks_fitted")
    assert all(stack.source.kind is Evidence.CALIBRATED for stack in shipped.values())
    held = main.where(~fitting_part(len(main)) & np.isin(main["stack"], list(shipped)))
    errors = np.abs(predict(held, shipped) / held.measured - 1.0)
    assert np.isfinite(errors).all()
    if set(held["chip"]) == {"a100-40g", "h100-sxm"}:
        assert errors.mean() < 0.10
        assert np.median(errors) < 0.07


@pytest.mark.slow
def test_the_shipped_fit_is_the_one_it_says(measured):
    main = measured("llm_inference_bench")[0]
    if len(main) != 1490:
        pytest.skip("the shipped fit was made on another part of the benchmark")
    fitted = fit_stacks([main])
    for name, stack in stacks("stacks_fitted").items():
        assert stack.step_s == pytest.approx(fitted[name].step_s, rel=0.01)
        assert stack.sequence_s == pytest.approx(fitted[name].sequence_s, rel=0.01)
        assert stack.pace_ratio == pytest.approx(fitted[name].pace_ratio, rel=0.01)
        assert stack.reserve_bytes == fitted[name].reserve_bytes
