"""One deployment: what is refused and how, what an estimate says of itself, and where its time goes."""

import numpy as np
import pytest

from interlock import api
from interlock.errors import InputError
from interlock.evidence import Evidence


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {"tensor_parallel_size": 3},
            "found TP3; accepted: a cut that fits llama-2-7b: 32 attention heads",
        ),
        ({"pipeline_parallel_size": 40}, "40 pipeline stages for 32 layers"),
        ({"expert_parallel_size": 2}, "expert parallelism 2 for a model without experts"),
        ({"prompt": 5000}, "--prompt and --output: found 5128 tokens; accepted: at most 4096 positions of llama-2-7b"),
        ({"weight_format": "int5"}, "--weight-format: found 'int5'"),
        ({"kv_cache_dtype": "fp9"}, "--kv-cache-dtype: found 'fp9'"),
        ({"technique": "gptq:bits=²"}, "a whole number for bits"),
        ({"technique": "gptq:depth=2"}, "parameters among bits, group_size"),
        ({"technique": "sliding-window:tokens=0"}, "at least 1 token"),
        ({"technique": "magic"}, "--technique: found 'magic'"),
    ],
)
def test_what_no_engine_would_start_is_refused_in_one_line(options: dict, said: str):
    with pytest.raises(InputError) as caught:
        api.estimate("llama-2-7b", "h100-sxm", **options)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_engine_is_a_problem_and_not_an_error():
    e = api.estimate("llama-2-7b", "a100-80g", weight_format="fp8", activation_format="fp8")
    assert not e.feasible
    assert e.usd_per_million_tokens is None
    assert "a100-80g has no published fp8 rate" in e.problems[0]


def test_chips_that_cannot_reach_each_other_are_a_problem():
    e = api.estimate("llama-2-7b", "rtx3090", tensor_parallel_size=4)
    assert any("no link that reaches all of them" in text for text in e.problems)
    assert api.estimate("llama-2-7b", "rtx3090", tensor_parallel_size=2).feasible


def test_a_memory_of_unknown_size_is_a_problem():
    e = api.estimate("gpt2", "rapid")
    assert any("size or bandwidth of rapid's memory is not published" in text for text in e.problems)


def test_a_substitute_is_said():
    e = api.estimate("llama-2-7b", "v100-32g")
    assert e.feasible
    assert "v100-32g computes bf16 as fp16" in e.notes


def test_money_and_rates_scale_with_replicas_and_joules_do_not():
    one = api.estimate("llama-2-7b", "h100-sxm", batch=16)
    four = api.estimate("llama-2-7b", "h100-sxm", batch=16, data_parallel_size=4)
    assert four.tokens_per_s == pytest.approx(4 * one.tokens_per_s)
    assert four.requests_per_s == pytest.approx(4 * one.requests_per_s)
    assert four.power_w == pytest.approx(4 * one.power_w)  # type: ignore[operator]
    assert four.joules_per_token == pytest.approx(one.joules_per_token)
    assert four.usd_per_million_tokens == pytest.approx(one.usd_per_million_tokens)
    assert (four.ttft_s, four.tpot_s) == (one.ttft_s, one.tpot_s)


def test_a_million_tokens_cost_their_chip_hours():
    e = api.estimate("llama-3.1-70b", "h100-sxm", tensor_parallel_size=4, batch=16, prices={"h100-sxm": 3.6})
    assert e.price is not None
    assert e.price.basis == "yours"
    assert e.usd_per_million_tokens == pytest.approx(4 * 3.6 / 3600 * 1e6 / e.tokens_per_s)


def test_an_estimate_reports_the_weakest_evidence_it_stands_on():
    e = api.estimate("llama-2-7b", "h100-sxm")
    ranks = list(Evidence)
    assert e.evidence == max((source.kind for source in e.sources), key=ranks.index)
    assert len(set(e.sources)) == len(e.sources)


@pytest.mark.parametrize("chip", ["h100-sxm", "tpu-v5e", "mi300x"])
@pytest.mark.parametrize("name", ["llama-3.1-8b", "mixtral-8x7b", "deepseek-v2-lite", "mamba-2.8b"])
def test_the_lines_of_an_explanation_add_up_to_the_phase(name: str, chip: str):
    found = api.explain(name, chip, tensor_parallel_size=4, batch=8)
    service = found.estimate.service
    for phase, cost in (("prefill", service.prefill), ("decode", service.decode)):
        lines = [line for line in found.lines if line.phase == phase]
        assert sum(line.time_s for line in lines) == pytest.approx(float(np.asarray(cost.time)), rel=1e-12)
        assert sum(line.share for line in lines) == pytest.approx(1.0)
        assert sum(found.blocks(phase).values()) == pytest.approx(float(np.asarray(cost.time)), rel=1e-12)
        joules = sum(line.joules for line in lines) * 4
        assert joules == pytest.approx(float(np.asarray(cost.energy)), rel=1e-12)


@pytest.mark.parametrize("name", ["llama-3.1-8b", "mixtral-8x7b"])
def test_a_lever_never_makes_it_worse_nor_more_than_twice_as_good(name: str):
    found = api.explain(name, "h100-sxm", tensor_parallel_size=4, batch=8)
    assert len(found.levers) == 5
    for lever in found.levers:
        assert 1 - 1e-12 <= lever.speedup <= 2 + 1e-12
        assert lever.tpot_s <= found.estimate.tpot_s * (1 + 1e-12)
    assert [lever.speedup for lever in found.levers] == sorted((x.speedup for x in found.levers), reverse=True)


def test_at_batch_one_bandwidth_is_the_lever():
    found = api.explain("llama-3.1-8b", "h100-sxm", batch=1, output=128)
    assert found.levers[0].name == "twice the memory bandwidth"
    assert found.levers[0].speedup > 1.3
