"""The time of a training step: closed forms, exact work, and what must be true of any job."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.cost import Chips
from interlock.hardware import chip
from interlock.models.catalogue import from_config, model
from interlock.operators import Kind
from interlock.operators.operator import total
from interlock.parallel import Parallelism
from interlock.training import Job, TrainingStack, bubble_ratio, train_step, training_stacks
from interlock.training.operators import backward, forward
from interlock.training.pipeline import pipelined

A100 = Chips.of(chip("a100-80g"))
IDEAL = training_stacks()["ideal"]
GPT = from_config(
    {"model_type": "gpt2", "n_embd": 4096, "n_layer": 32, "n_head": 32, "n_positions": 2048, "vocab_size": 51200}, "gpt"
)


def job(**told):
    cut = {name: told.pop(name) for name in ("tensor", "pipeline", "data", "sequence") if name in told}
    return Job(**{"model": GPT, "batch": 64, "microbatch": 1, "tokens": 2048} | told, parallelism=Parallelism(**cut))


def seconds(one, stack=IDEAL, chips=A100):
    return float(train_step(one, chips, stack).time)


@given(p=st.integers(1, 64), m=st.integers(1, 512), v=st.integers(1, 8), t=st.floats(1e-4, 10))
def test_equal_stages_idle_as_the_closed_form_says(p, m, v, t):
    whole = pipelined(t, p * t, m, v)
    assert whole / (m * t) - 1.0 == pytest.approx(bubble_ratio(p, m, v), abs=1e-9)


@pytest.mark.parametrize("chunks", [1, 2, 4])
def test_the_bubble_of_a_job_is_that_of_its_stages(chunks):
    headless = replace(GPT, head=None, decoder=replace(GPT.decoder, embedding=None, final_norms=()))
    found = train_step(job(model=headless, pipeline=4, chunks=chunks), A100, IDEAL)
    work = found.forward + found.backward
    steps = float(found.stages) / 64  # a message that fills the pipeline is part of the bubble
    assert float(found.bubble / work) == pytest.approx(3 / (64 * chunks), abs=4 * 4 * steps / float(work) + 1e-9)


@pytest.mark.parametrize("fused", [True, False])
def test_backward_is_twice_the_forward_product_work(fused):
    passes = forward(job(fused_attention=fused))
    ahead = [o for o in (*passes.layers, *passes.head) if o.kind is Kind.MATMUL]
    behind = [o for o in backward(ahead, 4.0) if o.kind is Kind.MATMUL]
    assert total(behind, "flop") == pytest.approx(2.0 * total(ahead, "flop"))
    weights = 2.0 * 2048 * 12 * 4096**2 * 32 + 2.0 * 2048 * 51200 * 4096
    scores = 0.0 if fused else 4.0 * 2048**2 * 4096 * 32
    assert total(ahead, "flop") == pytest.approx(weights + scores)


def test_model_flop_is_what_narayanan_and_others_count():
    """96 B s l h^2 (1 + s / 6h + V / 16lh) counts one recomputation: three quarters of it are the model's own."""
    found = train_step(job(), A100, IDEAL)
    b, s, layers, h, v = 64, 2048, 32, 4096, 51200
    counted = 96 * b * s * layers * h**2 * (1 + s / (6 * h) + v / (16 * layers * h))
    own = counted * 0.75 + 6 * b * s * h * v * 0.25  # the head is not recomputed
    assert float(found.flop) == pytest.approx(own, rel=0.01)
    assert 0.0 < found.mfu(312e12) < 1.0


def test_parts_add_up():
    found = train_step(job(tensor=2, pipeline=4, data=4), A100, training_stacks()["megatron"])
    parts = ("forward", "backward", "recompute", "bubble", "stages", "gradients", "update", "own")
    assert float(found.time) == pytest.approx(sum(float(np.asarray(getattr(found, name))) for name in parts))
    assert all(float(np.asarray(getattr(found, name))) >= 0 for name in parts)


def test_full_recomputation_is_another_forward_of_the_layers():
    plain, again = (train_step(job(recompute=kind), A100, IDEAL) for kind in ("none", "full"))
    assert plain.recompute == 0
    assert 0.9 * float(plain.forward) < float(again.recompute) <= float(plain.forward)
    selective = train_step(job(recompute="selective", fused_attention=False), A100, IDEAL)
    assert 0 < float(selective.recompute) < 0.5 * float(again.recompute)


@pytest.mark.parametrize("name", ["bandwidth", "peak"])
def test_a_better_chip_is_never_slower(name):
    better = replace(A100, **{name: np.asarray(getattr(A100, name)) * 1.5})
    for one in (job(), job(tensor=4, sequence=True, recompute="selective", fused_attention=False), job(zero=3, data=8)):
        assert seconds(one, chips=better) <= seconds(one)


def test_more_replicas_are_faster_and_never_more_than_so_many_times():
    times = [seconds(job(data=data)) for data in (1, 2, 4, 8)]
    for few, many in pairwise(times):
        assert few / 2 <= many * (1 + 1e-9) < few


def test_stage_three_of_zero_talks_more_than_stage_one():
    alone = TrainingStack(source=IDEAL.source)
    one, three = (train_step(job(data=64, zero=zero), A100, alone) for zero in (1, 3))
    talk = float(three.forward + three.backward) - float(one.forward + one.backward)
    assert three.gradients == 0.0
    assert float(one.gradients) > 0
    assert talk >= 0


def test_the_host_sets_the_pace_of_small_work_only():
    host = replace(IDEAL, kernel_s=100e-6)
    small = from_config(
        {"model_type": "gpt2", "n_embd": 256, "n_layer": 4, "n_head": 4, "n_positions": 2048, "vocab_size": 1024},
        "small",
    )
    tiny = job(model=small, tokens=64, batch=8)
    assert seconds(tiny, host) > 5 * seconds(tiny)
    assert seconds(job(), host) == pytest.approx(seconds(job()), rel=1e-3)  # the embedding is small work, too


def test_columns_of_jobs_are_priced_as_one_by_one():
    cuts = [(1, 1, 1), (2, 2, 2), (8, 1, 1), (1, 4, 2)]
    names = ("tensor", "pipeline", "data")
    columns = {name: np.array([cut[place] for cut in cuts], float) for place, name in enumerate(names)}
    together = job(model=model("gpt3-13b"), **columns)
    whole = train_step(together, A100, training_stacks()["megatron"]).time
    for cut, found in zip(cuts, np.asarray(whole), strict=True):
        one = job(model=model("gpt3-13b"), **dict(zip(names, cut, strict=True)))
        assert found == pytest.approx(seconds(one, training_stacks()["megatron"]))
