"""Properties of lowering: causal work in closed form, chunks add up, columns equal single steps."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interlock import models
from interlock.models import Formats, Model, Step, decode, lower, prefill, scheme
from interlock.models.blocks.attention import causal_pairs
from interlock.operators import Communication, Kind, Operator

FORMATS = Formats.of(scheme())
COMMON = {
    "vocab_size": 100, "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 4, "num_attention_heads": 4,
    "num_key_value_heads": 2,
}  # fmt: skip
WINDOWED = models.from_config({"model_type": "gemma2", **COMMON, "sliding_window": 5}, "windowed")
LATENT = models.from_config(
    {"model_type": "deepseek_v2", **COMMON, "num_key_value_heads": 4, "num_experts_per_tok": 2}, "latent"
)
COLUMNS = [
    "llama-3.1-8b", "gemma-2-2b", "mixtral-8x7b", "deepseek-v3", "qwen1.5-moe-a2.7b", "mamba-130m", "mamba2-130m",
    "jamba-v0.1", "llava-1.5-7b", "t5-small", "switch-base-8", "bert-base", "opt-350m", "clip-vit-base-patch32",
]  # fmt: skip
NUMBERS = [
    field.name for field in fields(Operator)
    if field.name in {
        "flop", "weight_bytes", "input_bytes", "output_bytes", "kv_bytes", "state_bytes", "launches", "message_bytes",
    }
]  # fmt: skip

tokens = st.integers(0, 40)
windows = st.none() | st.integers(1, 30)


def attention_flop(model: Model, step: Step) -> float:
    return sum(
        float(operator.flop) * float(operator.count)
        for operator in lower(model, step, FORMATS)
        if operator.kind is Kind.ATTENTION
    )


@given(q=tokens, past=tokens, window=windows)
def test_causal_pairs_are_those_the_mask_lets_through(q, past, window):
    query = np.arange(past, past + q)[:, None]
    key = np.arange(past + q)[None, :]
    mask = key <= query
    if window is not None:
        mask &= key > query - window
    assert causal_pairs(q, past, window) == mask.sum()


@given(pieces=st.lists(st.integers(1, 9), min_size=1, max_size=6), sequences=st.integers(1, 3))
def test_chunks_of_a_prompt_add_up_to_the_whole(pieces, sequences):
    for model in (WINDOWED,):
        starts = np.cumsum([0, *pieces[:-1]])
        parts = sum(
            attention_flop(model, prefill(sequences, piece, start)) for piece, start in zip(pieces, starts, strict=True)
        )
        assert parts == attention_flop(model, prefill(sequences, sum(pieces)))


@given(pieces=st.lists(st.integers(1, 9), min_size=1, max_size=6))
def test_chunks_of_a_prompt_add_up_with_latent_attention(pieces):
    starts = np.cumsum([0, *pieces[:-1]])
    parts = sum(attention_flop(LATENT, prefill(1, piece, start)) for piece, start in zip(pieces, starts, strict=True))
    assert parts == attention_flop(LATENT, prefill(1, sum(pieces)))


@given(count=st.integers(1, 20), sequences=st.integers(1, 3))
def test_decoding_token_by_token_attends_as_much_as_a_prompt(count, sequences):
    steps = sum(attention_flop(WINDOWED, decode(sequences, context)) for context in range(count))
    assert steps == attention_flop(WINDOWED, prefill(sequences, count))


@given(q=st.integers(1, 30), past=tokens)
def test_counted_work_is_never_less_than_what_the_mask_needs(q, past):
    for operator in lower(WINDOWED, prefill(2, q, past), FORMATS):
        assert operator.counted_flop >= operator.flop


@given(q=st.integers(1, 30), past=tokens)
def test_a_window_never_reads_more_than_it_keeps(q, past):
    full = {cache.window: cache for layer in WINDOWED.main.layers for cache in layer.caches()}[5]
    for operator in lower(WINDOWED, prefill(1, q, past), FORMATS):
        if operator.name == "1.attend_prefill":
            read = operator.kv_bytes / (2 * full.token_elements)
            assert read == min(past + q, q + 5 - 1)


def merged(operators: list[Operator], attribute: str, shape: tuple[int, ...]) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}
    for operator in operators:
        value = np.broadcast_to(np.asarray(getattr(operator, attribute) * operator.count, dtype=float), shape)
        found[operator.name] = found.get(operator.name, 0.0) + value
    return found


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("skew", [0.0, 0.8])
def test_a_column_of_steps_equals_one_step_at_a_time(name, skew):
    model = models.model(name)
    rows = {
        "prefill_sequences": [1, 0, 3, 2, 0],
        "prefill_tokens": [17, 0, 600, 1, 0],
        "prefill_context": [0, 0, 128, 5000, 0],
        "decode_sequences": [0, 4, 2, 0, 0],
        "decode_context": [0, 99, 5000, 0, 0],
        "images": [1, 0, 2, 0, 0],
        "encoder_tokens": [8, 9, 10, 11, 0],
    }
    together = lower(
        model, Step(**{key: np.array(value, dtype=float) for key, value in rows.items()}), FORMATS, skew=skew
    )
    for attribute in NUMBERS:
        columns = merged(together, attribute, (5,))
        for index in range(5):
            alone = lower(model, Step(**{key: float(value[index]) for key, value in rows.items()}), FORMATS, skew=skew)
            single = merged(alone, attribute, ())
            for operator, column in columns.items():
                assert column[index] == pytest.approx(single.get(operator, 0.0), rel=1e-12), (operator, attribute)


@pytest.mark.parametrize("name", COLUMNS)
def test_a_step_without_tokens_costs_nothing(name):
    model = models.model(name)
    for operator in lower(model, Step(), FORMATS):
        for attribute in NUMBERS:
            assert np.all(np.asarray(getattr(operator, attribute)) == 0), (operator.name, attribute)


def test_parallel_blocks_are_summed_over_chips_once():
    def sums(name: str) -> float:
        operators = lower(models.model(name), decode(1, 10), FORMATS)
        return sum(one.count for one in operators if one.communication is Communication.ALL_REDUCE and one.m != 0)

    assert sums("gpt-neox-20b") == 1 + 44  # one for the embedding
    assert sums("falcon-7b") == 1 + 32
    assert sums("llama-2-7b") == 1 + 2 * 32


@settings(max_examples=30)
@given(sequences=st.integers(1, 50), context=st.integers(0, 5000))
def test_formats_change_bytes_and_not_work(sequences, context):
    model = models.model("llama-3.1-8b")
    wide = lower(model, decode(sequences, context), FORMATS)
    narrow = lower(model, decode(sequences, context), Formats.of(scheme("int4-g128", kv="fp8-e4m3")))
    assert [operator.flop for operator in wide] == [operator.flop for operator in narrow]
    assert sum(operator.weight_bytes for operator in narrow) < sum(operator.weight_bytes for operator in wide)


def test_a_column_of_schemes_equals_one_scheme_at_a_time():
    schemes = [scheme(), scheme("int4-g128"), scheme("fp8-e4m3", "fp8-e4m3", kv="fp8-e4m3"), scheme("nf4", kv="int4")]
    model = models.model("mixtral-8x7b")
    together = lower(model, decode(7, 300), Formats.of(schemes))
    for index, one in enumerate(schemes):
        alone = lower(model, decode(7, 300), Formats.of(one))
        for column, single in zip(together, alone, strict=True):
            for attribute in [*NUMBERS, "compute"]:
                value = np.broadcast_to(np.asarray(getattr(column, attribute), dtype=float), (4,))[index]
                assert value == pytest.approx(getattr(single, attribute), rel=1e-12)
