"""The clock is the cost model: exact where it is tabulated, within a percent where it is interpolated."""

from __future__ import annotations

import numpy as np
import pytest

from interlock.cost import Chips
from interlock.cost.stack import served_stacks
from interlock.errors import InputError
from interlock.hardware import chip
from interlock.inference import price_step
from interlock.models import Formats, Step, model, scheme
from interlock.parallel import Parallelism
from interlock.serving.clock import affine_clock, price_clock

H100 = chip("h100-sxm")


def clock(name: str, tensor: int):
    return price_clock(model(name), scheme(), Parallelism(tensor=tensor), H100, max_num_seqs=512)


def priced(name: str, tensor: int, **step: float):
    formats, p = Formats.of(scheme()), Parallelism(tensor=tensor)
    return price_step(model(name), Step(**step), formats, p, Chips.of(H100))


def draws(count: int):
    rng = np.random.default_rng(0)
    for _ in range(count):
        yield (
            int(rng.integers(1, 512)),
            float(np.exp(rng.uniform(1, 11))),
            int(np.exp(rng.uniform(0, 9))),
            int(np.exp(rng.uniform(0, 11))),
        )


@pytest.mark.parametrize(("name", "tensor"), [("llama-3.1-70b", 4), ("llama-3.1-8b", 1), ("mixtral-8x7b", 4)])
def test_every_step_is_the_cost_models_within_a_percent(name: str, tensor: int):
    table = clock(name, tensor)
    for decodes, context, new, before in draws(60):
        alone = priced(name, tensor, decode_sequences=float(decodes), decode_context=context)
        assert table.step_s(decodes, decodes * context, []) == pytest.approx(float(alone.time), rel=0.01)
        read = {"prefill_sequences": 1.0, "prefill_tokens": float(new), "prefill_context": float(before)}
        prompt = priced(name, tensor, **read)
        assert table.step_s(0, 0, [(new, before)]) == pytest.approx(float(prompt.time), rel=0.01)
        both = priced(name, tensor, decode_sequences=float(decodes), decode_context=context, **read)
        mixed = table.step_s(decodes, decodes * context, [(new, before)])
        assert mixed == pytest.approx(float(both.time), rel=0.01)
        joules = table.step_j(decodes, decodes * context, [(new, before)])
        assert joules == pytest.approx(float(both.energy), rel=0.02)


@pytest.mark.parametrize("name", ["jamba-v0.1", "deepseek-v2-lite", "gemma-2-9b"])
def test_states_latents_and_windows_stay_within_five_percent(name: str):
    table = clock(name, 1)
    for decodes, context, new, before in draws(60):
        read = {"prefill_sequences": 1.0, "prefill_tokens": float(new), "prefill_context": float(before)}
        both = priced(name, 1, decode_sequences=float(decodes), decode_context=context, **read)
        mixed = table.step_s(decodes, decodes * context, [(new, before)])
        assert mixed == pytest.approx(float(both.time), rel=0.05)


def test_several_prompts_share_the_launches_of_one():
    table = clock("llama-3.1-8b", 1)
    for count in (2, 5, 9):
        many = priced("llama-3.1-8b", 1, prefill_sequences=float(count), prefill_tokens=150.0)
        assert table.step_s(0, 0, [(150, 0)] * count) == pytest.approx(float(many.time), rel=0.01)


def test_an_affine_clock_is_its_four_coefficients():
    found = affine_clock(base_s=1e-3, token_s=1e-5, sequence_s=2e-5, context_s=3e-8)
    assert found.step_s(7, 700, []) == pytest.approx(1e-3 + 7 * 2e-5 + 700 * 3e-8)
    assert found.step_s(7, 700, [(50, 9), (3, 0)]) == pytest.approx(1e-3 + 53e-5 + 7 * 2e-5 + 700 * 3e-8)


def test_host_work_is_added_to_every_step_once():
    args = model("llama-3.1-8b"), scheme(), Parallelism(), H100
    bare, loaded = price_clock(*args), price_clock(*args, overhead_s=2e-3)
    for decodes, chunks in ((3, []), (0, [(100, 0)]), (9, [(10, 5), (7, 0)])):
        assert loaded.step_s(decodes, 500, chunks) == pytest.approx(bare.step_s(decodes, 500, chunks) + 2e-3)


def test_a_model_that_does_not_generate_is_refused():
    with pytest.raises(InputError, match="decoder that generates"):
        price_clock(model("bert-base"), scheme(), Parallelism(), H100)


def test_decoding_beside_a_chunk_takes_longer_where_the_kernel_does_not_pack_heads():
    l40s = chip("l40s")
    columns = Chips.calibrated(l40s).run_by(served_stacks()["vllm-v1"])
    args = (model("llama-3.1-8b"), scheme(), Parallelism(), l40s)
    found = price_clock(*args, max_num_seqs=64, chips=columns)
    far, near = 4000 * 32, 2000 * 32
    alone = found.step_s(32, far, []) - found.step_s(32, near, [])
    beside = found.step_s(32, far, [(512, 0)]) - found.step_s(32, near, [(512, 0)])
    assert beside / alone == pytest.approx(1 + 0.21 * 3, rel=1e-6)  # four query heads a key-value head
    uneven = np.asarray([100.0, 9000.0])
    longer = price_clock(*args, max_num_seqs=64, chips=columns, drawn=uneven)
    assert longer.step_s(8, far, []) == found.step_s(8, far, [])
    assert longer.step_s(64, far, []) > found.step_s(64, far, [])
