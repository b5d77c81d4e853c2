"""Placing a model on chips: over a group, work and bytes add up to the whole, but for what chips must repeat."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.inference.memory import weight_bytes
from interlock.inference.request import divisibility
from interlock.models import Formats, Model, Step, from_config, lower, scheme
from interlock.models.routing import active_experts, busiest_share
from interlock.operators import Communication, Kind, Operator, Split
from interlock.operators.operator import total
from interlock.parallel import Parallelism, place

BASE = {"vocab_size": 1024, "hidden_size": 256, "num_hidden_layers": 4, "num_attention_heads": 16}
LLAMA = {**BASE, "model_type": "llama", "num_key_value_heads": 4, "intermediate_size": 512, "attention_bias": True}
MIXTRAL = {**BASE, "model_type": "mixtral", "num_key_value_heads": 8, "intermediate_size": 512, "num_local_experts": 8}
DEEPSEEK = {
    **BASE, "model_type": "deepseek_v3", "intermediate_size": 512, "moe_intermediate_size": 64, "n_routed_experts": 16,
    "num_experts_per_tok": 4, "first_k_dense_replace": 1, "q_lora_rank": 64, "kv_lora_rank": 32,
    "qk_nope_head_dim": 16, "qk_rope_head_dim": 8, "v_head_dim": 16,
}  # fmt: skip
MAMBA2 = {
    "model_type": "mamba2", "hidden_size": 256, "num_hidden_layers": 4, "vocab_size": 1024, "num_heads": 16,
    "head_dim": 32, "state_size": 16, "n_groups": 1, "expand": 2,
}  # fmt: skip
MODELS = {name: from_config(dict(data), name) for name, data in
          (("llama", LLAMA), ("mixtral", MIXTRAL), ("deepseek", DEEPSEEK), ("mamba2", MAMBA2))}  # fmt: skip
FORMATS = Formats.of(scheme("int4-g128", "bf16"))
WORK = ("flop", "weight_bytes", "input_bytes", "output_bytes", "kv_bytes", "state_bytes")

names = st.sampled_from(sorted(MODELS))
degrees = st.sampled_from([1, 2, 4, 8, 16])
steps = st.builds(
    Step,
    prefill_sequences=st.sampled_from([0.0, 1.0, 3.0]),
    prefill_tokens=st.integers(1, 300).map(float),
    prefill_context=st.integers(0, 300).map(float),
    decode_sequences=st.sampled_from([1.0, 5.0, 64.0]),
    decode_context=st.integers(0, 500).map(float),
)


def by_name(operators: list[Operator]) -> dict[str, Operator]:
    found = {operator.name: operator for operator in operators}
    assert len(found) == len(operators), "names are unique"
    return found


def repeats(o: Operator, tensor: int) -> dict[str, float]:
    """How many chips of a tensor-parallel group hold or do the same part, written down apart from the code."""
    if o.split is Split.REPLICATED or o.split is Split.ROWS:
        return dict.fromkeys(WORK, float(tensor))
    copies = max(tensor / o.ways, 1.0) if o.ways else 1.0
    if o.split is Split.HEADS:
        kv = max(tensor / o.kv_ways, 1.0) if o.kv_ways else 1.0
        return {**dict.fromkeys(WORK, 1.0), "kv_bytes": kv}
    if o.split is Split.ROW:  # partial sums: every chip writes all outputs
        return {**dict.fromkeys(WORK, copies), "output_bytes": float(tensor)}
    if o.kind is Kind.EMBEDDING:
        return {**dict.fromkeys(WORK, copies), "output_bytes": float(tensor)}
    reads = float(tensor) if o.kind is Kind.MATMUL else copies
    return {**dict.fromkeys(WORK, copies), "input_bytes": reads}


@given(names, degrees, steps)
def test_over_a_tensor_parallel_group_everything_adds_up_but_for_what_is_repeated(name: str, tensor: int, step: Step):
    whole = by_name(lower(MODELS[name], step, FORMATS))
    placed = place(list(whole.values()), Parallelism(tensor=tensor))
    local = by_name([o for o in placed if o.kind is not Kind.COLLECTIVE])
    assert list(local) == list(whole)
    for key, o in whole.items():
        if o.split in {Split.EXPERT_COLUMN, Split.EXPERT_ROW}:
            assert local[key].flop * tensor == pytest.approx(o.flop, rel=1e-12)
            assert local[key].weight_bytes * tensor == pytest.approx(o.weight_bytes, rel=1e-12)
            continue
        for part, copies in repeats(o, tensor).items():
            here = np.asarray(getattr(local[key], part)) * tensor
            assert here == pytest.approx(np.asarray(getattr(o, part)) * copies, rel=1e-12), (key, part)


@given(st.sampled_from(["mixtral", "deepseek"]), degrees, degrees, st.sampled_from([0.0, 1.0]), steps)
def test_experts_over_ranks_do_the_work_of_all_groups(name: str, tensor: int, expert: int, skew: float, step: Step):
    model = MODELS[name]
    groups = max(expert // tensor, 1)
    p = Parallelism(tensor=tensor, expert=expert, data=groups)
    if divisibility(model, p):
        return
    whole = by_name(lower(model, step, FORMATS, skew=skew))
    local = by_name(place(list(whole.values()), p))
    chips = tensor * groups
    for key, o in whole.items():
        if o.split not in {Split.EXPERT_COLUMN, Split.EXPERT_ROW}:
            continue
        assert local[key].flop * chips == pytest.approx(o.flop * groups, rel=1e-12)
        if o.routing is None:
            continue
        r = o.routing
        touched = active_experts(r.experts, r.top_k, skew, r.tokens * groups)
        each = o.weight_bytes / active_experts(r.experts, r.top_k, skew, r.tokens)
        assert local[key].weight_bytes * chips == pytest.approx(touched * each, rel=1e-9)
        rows = local[key].batch * local[key].m
        assert rows * expert == pytest.approx(r.tokens * groups * r.top_k, rel=1e-9)
        assert 2 * rows * local[key].n * local[key].k == pytest.approx(local[key].flop, rel=1e-9)
        assert local[key].load == pytest.approx(busiest_share(r.experts, r.top_k, skew, expert))
        assert (local[key].load == pytest.approx(1.0)) if skew == 0 else (local[key].load >= 1.0)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(("tensor", "expert"), [(1, 1), (2, 1), (4, 1), (4, 2), (4, 4)])
def test_a_long_step_reads_the_weights_that_memory_holds(name: str, tensor: int, expert: int):
    """Two roads to the same bytes: operators of a step that touches every expert, and the memory plan."""
    model = MODELS[name]
    p = Parallelism(tensor=tensor, expert=expert if any(w.group == "expert" for w, _ in model.weights()) else 1)
    step = Step(prefill_sequences=1.0, prefill_tokens=100_000.0)
    placed = place(lower(model, step, FORMATS), p)
    read = sum(float(np.asarray(o.weight_bytes * o.count)) for o in placed if o.kind is not Kind.EMBEDDING)
    table = next(w.elements for w, _ in model.weights() if w.group == "embedding") * FORMATS.head / tensor
    held = float(np.asarray(weight_bytes(model, FORMATS, p)))
    small = sum(w.elements * n for w, n in model.weights() if w.group == "other") * FORMATS.wide
    assert held - table - small <= read <= held - table + 1e-6


@given(names, degrees, degrees, steps)
def test_sequence_parallelism_divides_what_was_repeated_and_changes_nothing_else(
    name: str, tensor: int, pipeline: int, step: Step
):
    whole = lower(MODELS[name], step, FORMATS)
    plain = by_name(place(whole, Parallelism(tensor=tensor, pipeline=pipeline)))
    divided = by_name(place(whole, Parallelism(tensor=tensor, pipeline=pipeline, sequence=True)))
    for o in whole:
        share = tensor if o.split is Split.ROWS else 1
        assert divided[o.name].flop * share == pytest.approx(plain[o.name].flop)
        assert divided[o.name].weight_bytes == pytest.approx(plain[o.name].weight_bytes)


def collectives(operators: list[Operator]) -> dict[str, Operator]:
    return {o.name: o for o in operators if o.communication is not None and o.block == "communication"}


def test_a_llama_layer_sums_over_chips_twice():
    model, tokens = MODELS["llama"], 7.0
    placed = place(lower(model, Step(prefill_sequences=1.0, prefill_tokens=tokens), FORMATS), Parallelism(tensor=4))
    found = collectives(placed)
    stream = tokens * 256 * 2
    reduces = {"embedding.all_reduce": 1, "output.all_reduce": 4, "down.all_reduce": 4}
    assert set(found) == {*reduces, "logits.all_gather"}
    for name, count in reduces.items():
        o = found[name]
        assert (o.communication, o.message_bytes, o.group, o.count) == (Communication.ALL_REDUCE, stream, 4, count)
    assert found["logits.all_gather"].message_bytes == 1 * 1024 * 2  # one row of logits


def test_sequence_parallelism_splits_each_sum_into_a_scatter_and_a_gather():
    placed = place(lower(MODELS["llama"], Step(decode_sequences=3.0), FORMATS), Parallelism(tensor=4, sequence=True))
    kinds = [o.communication for o in collectives(placed).values()]
    assert Communication.ALL_REDUCE not in kinds
    assert kinds.count(Communication.REDUCE_SCATTER) == 3
    assert kinds.count(Communication.ALL_GATHER) == 3 + 1  # and the logits'


def test_experts_beyond_a_replica_exchange_tokens_both_ways():
    model, tokens = MODELS["mixtral"], 5.0
    step = Step(decode_sequences=tokens, decode_context=10.0)
    found = collectives(place(lower(model, step, FORMATS), Parallelism(tensor=2, expert=8, data=4)))
    sent = tokens * 2 * 256 * 2 * 4  # top-2 copies of the stream, of four groups
    for direction in ("dispatch", "combine"):
        o = found[f"expert_down.{direction}"]
        assert (o.communication, o.message_bytes, o.group) == (Communication.ALL_TO_ALL, sent, 8)
    assert found["expert_down.gather"].message_bytes == tokens * 256 * 2
    assert found["expert_down.all_reduce"].message_bytes == 0


@pytest.mark.parametrize("expert", [1, 2, 4])
def test_experts_inside_a_replica_need_no_exchange(expert: int):
    step = Step(decode_sequences=5.0, decode_context=10.0)
    found = collectives(place(lower(MODELS["mixtral"], step, FORMATS), Parallelism(tensor=4, expert=expert)))
    assert all(o.communication is not Communication.ALL_TO_ALL for o in found.values())
    assert found["expert_down.all_reduce"].message_bytes == 5.0 * 256 * 2


@given(names, degrees, degrees, steps)
def test_pipeline_stages_add_sends_and_nothing_else(name: str, tensor: int, pipeline: int, step: Step):
    whole = lower(MODELS[name], step, FORMATS)
    plain = place(whole, Parallelism(tensor=tensor), boundary_bytes=4096.0)
    cut = place(whole, Parallelism(tensor=tensor, pipeline=pipeline), boundary_bytes=4096.0)
    if pipeline == 1:
        assert cut == plain
        return
    assert cut[:-1] == plain
    send = cut[-1]
    assert send.communication is Communication.POINT_TO_POINT
    assert send.count == pipeline - 1
    assert send.message_bytes * tensor == 4096.0


@settings(max_examples=12)
@given(st.sampled_from(["mixtral", "deepseek"]), steps)
def test_columns_of_degrees_equal_one_by_one(name: str, step: Step):
    model: Model = MODELS[name]
    tensor, expert = np.array([1.0, 2.0, 4.0])[:, None], np.array([1.0, 2.0, 8.0])[None, :]
    whole = lower(model, step, FORMATS)
    columns = place(whole, Parallelism(tensor=tensor, expert=expert, data=np.maximum(expert / tensor, 1)))
    shape = (3, 3)
    for i, t in enumerate(tensor.ravel()):
        for j, e in enumerate(expert.ravel()):
            alone = by_name(place(whole, Parallelism(tensor=t, expert=e, data=max(e / t, 1.0))))
            for o in columns:
                if o.name not in alone:  # no chip to talk to
                    assert np.broadcast_to(o.launches, shape)[i, j] == 0
                    continue
                for part in (*WORK, "m", "n", "k", "batch", "load", "message_bytes", "group"):
                    here = np.broadcast_to(getattr(o, part), shape)[i, j]
                    assert here == pytest.approx(getattr(alone[o.name], part), rel=1e-12), (o.name, part)


def test_totals_add_repeats():
    o: Any = Operator(name="x", block="x", kind=Kind.MATMUL, flop=3.0, count=4.0)
    assert total([o, replace(o, count=1.0)], "flop") == 15.0
