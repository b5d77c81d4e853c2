"""What lies in each chip's memory: a group holds the whole model, and more chips never need more each."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.inference.memory import cache_bytes, memory_plan, weight_bytes
from interlock.inference.request import divisibility
from interlock.models import Formats, Model, count_parameters, from_config, model, names, scheme
from interlock.parallel import Parallelism

FP16 = Formats.of(scheme("fp16", "fp16"))
LLAMA = {
    "model_type": "llama", "vocab_size": 1024, "hidden_size": 256, "num_hidden_layers": 12, "num_attention_heads": 16,
    "num_key_value_heads": 4, "intermediate_size": 512,
}  # fmt: skip
SHAPES = {name: model(name) for name in ("llama-2-7b", "llama-3.1-70b", "mixtral-8x7b", "deepseek-v2-lite",
                                         "gemma-2-9b", "jamba-v0.1", "mamba2-1.3b", "falcon-7b")}  # fmt: skip


def held(shape: Model, **degrees: int) -> float:
    return float(np.asarray(weight_bytes(shape, FP16, Parallelism(**degrees))))


@pytest.mark.parametrize("name", names())
def test_one_chip_holds_two_bytes_a_parameter(name: str):
    shape = model(name)
    assert held(shape) == 2 * count_parameters(shape).total


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("tensor", [1, 2, 4, 8])
@pytest.mark.parametrize("pipeline", [1, 2, 3, 8])
def test_over_all_chips_the_whole_model_is_there(name: str, tensor: int, pipeline: int):
    shape = SHAPES[name]
    chips = tensor * pipeline
    assert held(shape, tensor=tensor, pipeline=pipeline) * chips >= held(shape) * (1 - 1e-12)
    for context in (1.0, 5000.0):
        part = cache_bytes(shape, FP16, Parallelism(tensor=tensor, pipeline=pipeline), context)
        assert part * chips >= cache_bytes(shape, FP16, None, context) * (1 - 1e-12)


@pytest.mark.parametrize("tensor", [1, 2, 4, 8, 16])
def test_what_a_group_holds_beyond_the_model_is_exactly_what_is_repeated(tensor: int):
    shape = from_config(dict(LLAMA), "small")
    repeated = sum(weight.elements * n for weight, n in shape.weights() if weight.group == "other") * (tensor - 1)
    copies = max(tensor / 4, 1) - 1  # of the four KV heads
    repeated += 12 * 256 * (2 * 4 * 16) * copies
    assert held(shape, tensor=tensor) * tensor == pytest.approx(held(shape) + 2 * repeated, rel=1e-12)
    kv = cache_bytes(shape, FP16, Parallelism(tensor=tensor), 100.0) * tensor
    assert kv == pytest.approx(cache_bytes(shape, FP16, None, 100.0) * (1 + copies), rel=1e-12)


@given(st.sampled_from(sorted(SHAPES)), st.sampled_from([1, 2, 4, 8, 16, 32]), st.sampled_from([1, 2, 3, 5, 8]),
       st.sampled_from([1, 2, 4, 8]), st.integers(1, 20_000).map(float))  # fmt: skip
def test_more_chips_never_need_more_memory_each(name: str, tensor: int, pipeline: int, expert: int, context: float):
    shape = SHAPES[name]

    def needed(tensor: int, pipeline: int, expert: int) -> float:
        p = Parallelism(tensor=tensor, pipeline=pipeline, expert=expert, data=max(expert // tensor, 1))
        plan = memory_plan(shape, FP16, p, sequences=4.0, context=context, step_tokens=512.0)
        return float(np.asarray(plan.total))

    here = needed(tensor, pipeline, expert) * (1 + 1e-12)
    assert needed(2 * tensor, pipeline, expert) <= here
    assert needed(tensor, 2 * pipeline, expert) <= here
    assert needed(tensor, pipeline, 2 * expert) <= here


@pytest.mark.parametrize(
    ("name", "bytes_a_token"),
    [
        ("llama-2-7b", 2 * 32 * 32 * 128 * 2),
        ("llama-3.1-70b", 2 * 80 * 8 * 128 * 2),
        ("falcon-7b", 2 * 32 * 1 * 64 * 2),
        ("deepseek-v2-lite", 27 * (512 + 64) * 2),
        ("mamba2-1.3b", 0),
        ("jamba-v0.1", 2 * 4 * 8 * 128 * 2),
    ],
)
def test_a_token_adds_its_keys_and_values(name: str, bytes_a_token: int):
    shape = SHAPES[name]
    assert cache_bytes(shape, FP16, None, 2.0) - cache_bytes(shape, FP16, None, 1.0) == bytes_a_token


def test_a_window_bounds_the_cache():
    shape = from_config({**LLAMA, "sliding_window": 100}, "windowed")
    each = 12 * 2 * 4 * 16 * 2
    assert cache_bytes(shape, FP16, None, 60.0) == 60 * each
    assert cache_bytes(shape, FP16, None, 100.0) == cache_bytes(shape, FP16, None, 9000.0) == 100 * each


def test_every_second_layer_of_gemma_2_keeps_its_window_only():
    each = 2 * 8 * 256 * 2
    assert cache_bytes(SHAPES["gemma-2-9b"], FP16, None, 8000.0) == 21 * each * (4096 + 8000)


def test_a_recurrent_state_does_not_grow():
    long, short = (cache_bytes(SHAPES["mamba2-1.3b"], FP16, None, context) for context in (1e6, 1.0))
    assert long == short > 0


def test_the_fullest_stage_has_one_layer_more():
    shape = from_config(dict(LLAMA), "small")
    layers = sum(weight.elements for weight in shape.decoder.layers[0].weights(256)) * 2  # type: ignore[union-attr]
    table = shape.vocabulary * 256 * 2  # the embedding on the first stage, the head of the same size on the last
    rest = held(shape) - 12 * layers - 2 * table
    assert held(shape, pipeline=5) == pytest.approx(3 * layers + table + rest)
    assert held(shape, pipeline=12) == pytest.approx(layers + table + rest)


def test_experts_spread_over_as_many_chips_as_the_larger_degree():
    shape = SHAPES["mixtral-8x7b"]
    experts = sum(weight.elements * n for weight, n in shape.weights() if weight.group == "expert") * 2
    rest = held(shape) - experts
    assert held(shape, expert=8, data=8) == pytest.approx(rest + experts / 8)
    assert held(shape, tensor=8) == pytest.approx(held(shape, tensor=8, expert=8))


@pytest.mark.parametrize(
    ("name", "degrees", "reason"),
    [
        ("llama-2-7b", {"tensor": 3}, "32 attention heads do not divide by TP 3"),
        ("llama-2-7b", {"tensor": 64}, "32 attention heads do not divide by TP 64"),
        ("llama-2-7b", {"pipeline": 33}, "33 pipeline stages for 32 layers"),
        ("llama-2-7b", {"expert": 2, "data": 2}, "expert parallelism 2 for a model without experts"),
        ("mixtral-8x7b", {"expert": 3, "data": 3}, "8 experts do not divide among 3 ranks"),
        ("mixtral-8x7b", {"expert": 8, "tensor": 2}, "8 expert ranks over TP 2 need a multiple of 4 replicas, not 1"),
        ("jamba-v0.1", {"expert": 16, "tensor": 32}, None),
        ("deepseek-v2-lite", {"tensor": 32}, "16 attention heads do not divide by TP 32"),
        ("mamba2-1.3b", {"tensor": 128}, "64 state heads do not divide by TP 128"),
        ("llama-3.1-70b", {"tensor": 16}, None),  # eight KV heads, each on two chips
        ("falcon-7b", {"tensor": 71}, None),
        ("llama-3.1-70b", {"tensor": 8, "pipeline": 3, "data": 5}, None),
    ],
)  # fmt: skip
def test_a_cut_is_refused_for_a_reason(name: str, degrees: dict[str, int], reason: str | None):
    found = divisibility(SHAPES[name], Parallelism(**degrees))
    assert found == ([] if reason is None else [reason])
