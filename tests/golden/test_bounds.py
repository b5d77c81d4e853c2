"""Published models on published chips: never past what their weights and bandwidth allow, nor absurdly below."""

import pytest

from interlock import api
from interlock.hardware import chip
from interlock.models import count_parameters, model


def test_llama_2_7b_decodes_below_the_bandwidth_of_an_a100():
    weights = count_parameters(model("llama-2-7b")).total * 2
    assert weights == pytest.approx(13.48e9, rel=1e-3)
    e = api.estimate("llama-2-7b", "a100-80g", weight_format="fp16", activation_format="fp16", prompt=1, output=1)
    bandwidth = chip("a100-80g").main.bandwidth
    assert bandwidth == pytest.approx(2.039e12, rel=1e-3)
    step = float(e.service.decode.time)  # type: ignore[union-attr]
    read = weights - 32000 * 4096 * 2  # all but the embedding, of which one row is looked up
    assert step >= read / bandwidth
    assert 0.6 * bandwidth / weights < 1 / step < 151.5


@pytest.mark.parametrize(
    ("name", "chips", "tensor"),
    [("llama-3.1-70b", "h100-sxm", 4), ("llama-3.1-8b", "l4", 1), ("mixtral-8x7b", "mi300x", 1),
     ("qwen-2.5-72b", "b200-sxm", 2), ("llama-2-13b", "rtx4090", 1), ("llama-3.1-8b", "apple-m4-max", 1)],
)  # fmt: skip
@pytest.mark.parametrize("weight", ["bf16", "int8", "int4-g128"])
def test_a_step_at_batch_one_reads_the_active_weights(name: str, chips: str, tensor: int, weight: str):
    e = api.estimate(
        name, chips, tensor_parallel_size=tensor, weight_format=weight, prompt=64, output=16, host_memory="64 GB"
    )
    shape = model(name)
    widths = {"linear": e.request.scheme.weight.bytes, "expert": e.request.scheme.weight.bytes}
    active = sum(
        weight.elements * n * weight.used * widths.get(weight.group, 2.0)
        for weight, n in shape.weights()
        if weight.group in {"linear", "expert", "head"}
    )
    bandwidth = chip(chips).main.bandwidth
    assert e.tpot_s >= active / tensor / bandwidth  # type: ignore[operator]
    assert e.spilled_bytes > 0 or e.tpot_s <= 6 * active / tensor / bandwidth  # type: ignore[operator]


def test_llama_3_1_70b_reads_a_prompt_no_faster_than_its_work_allows():
    e = api.estimate("llama-3.1-70b", "h100-sxm", tensor_parallel_size=8, prompt=2048, output=16)
    work = 2 * 69.5e9 * 2048  # parameters outside the embedding
    peak = chip("h100-sxm").peak("bf16")
    assert peak is not None
    assert work / (8 * peak) <= e.ttft_s <= 4 * work / (8 * peak)
