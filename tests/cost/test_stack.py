"""One formula for what is priced and what is fitted: a step under a stack is its weights times the step's work."""

import numpy as np
import pytest

from interlock.cost import Chips
from interlock.cost.run_band import run_ends
from interlock.cost.stack import Stack, served_stacks, stacks, usual_stack
from interlock.evidence import Evidence, Source
from interlock.hardware import chip
from interlock.inference import price_step
from interlock.models import Formats, Step, decode, model, prefill, scheme
from interlock.operators import Kind
from interlock.parallel import Parallelism

SOURCE = Source(kind=Evidence.MEASURED, ref="made here")
STEPS = [
    decode(16.0, 1000.0),
    prefill(1.0, 2000.0),
    Step(prefill_sequences=2.0, prefill_tokens=500.0, decode_sequences=8.0),
]


def priced(stack, step, name="llama-3.1-8b", tensor=2.0, pipeline=1.0, on="h100-sxm", calibrated=True):
    columns = (Chips.calibrated if calibrated else Chips.of)(chip(on)).run_by(stack)
    cut = Parallelism(tensor=tensor, pipeline=pipeline)
    return price_step(model(name), step, Formats.of(scheme()), cut, columns)


@pytest.mark.parametrize("pipeline", [1.0, 2.0])
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("name", ["trt-llm", "trt-llm-v1", "vllm", "vllm-v1", "sglang", "hf", "ideal"])
def test_a_step_is_the_weights_times_its_work(name, step, pipeline):
    stack = served_stacks()[name]
    cost = priced(stack, step, pipeline=pipeline)
    assert float(cost.time) == pytest.approx(float(stack.seconds(cost.work)), rel=1e-9)
    assert float(cost.time) == pytest.approx(sum(float(item.total_time) for item in cost.operators), rel=1e-9)
    assert float(cost.low) <= float(cost.time) <= float(cost.high)


@pytest.mark.parametrize("calibrated", [True, False])
def test_bare_kernels_are_the_step_without_a_stack(calibrated):
    columns = (Chips.calibrated if calibrated else Chips.of)(chip("h100-sxm"))
    bare = price_step(model("llama-3.1-8b"), STEPS[0], Formats.of(scheme()), Parallelism(tensor=2.0), columns)
    ideal = priced(stacks()["ideal"], STEPS[0], calibrated=calibrated)
    assert float(ideal.time) == float(bare.time)
    assert not [item for item in ideal.operators if item.operator.kind is Kind.HOST]


def test_norms_ride_on_small_all_reduces_of_several_chips():
    fused = Stack(reduced_bytes=1e6, source=SOURCE)

    def norms(tensor, tokens):
        cost = priced(fused, prefill(1.0, tokens), tensor=tensor)
        return sum(float(item.total_time) for item in cost.operators if item.operator.block == "norm")

    assert norms(2.0, 64.0) == 0.0
    assert norms(1.0, 64.0) > 0.0  # nothing to ride on
    assert norms(2.0, 4096.0) > 0.0  # 33 MB


def test_what_is_fused_takes_no_time_and_launches_nothing():
    alone, fused = (priced(Stack(fused=names, source=SOURCE), STEPS[0]) for names in ((), ("rotate_and_store",)))
    kernel = next(item for item in alone.operators if item.operator.name == "rotate_and_store")
    assert float(alone.time) - float(fused.time) == pytest.approx(float(kernel.total_time))
    assert float(alone.work[2] - fused.work[2]) == 32


def test_columns_are_priced_as_one_by_one():
    stack = served_stacks()["trt-llm-v1"]
    sizes = np.array([1.0, 7.0, 64.0])
    together = priced(stack, decode(sizes, 500.0), tensor=np.array([[1.0], [4.0]]))
    for row, tensor in enumerate((1.0, 4.0)):
        for column, size in enumerate(sizes):
            assert together.time[row, column] == pytest.approx(
                float(priced(stack, decode(size, 500.0), tensor=tensor).time)
            )


def test_a_stack_keeps_its_memory():
    columns = Chips.calibrated(chip("h100-sxm"))
    kept = columns.run_by(Stack(reserve_bytes=3e9, source=SOURCE))
    assert float(columns.usable) - float(kept.usable) == pytest.approx(3e9)


def test_what_runs_where_nobody_says():
    assert usual_stack("datacenter-gpu").name == "vllm-v1"
    assert usual_stack("phone").name == "ideal"


def test_bands_of_runs_hold_the_prediction_and_are_wider_elsewhere():
    known = served_stacks()
    for quantity in ("request-latency", "request-tpot", "request-ttft"):
        here, there = (run_ends(known["vllm-v1"], name, quantity) for name in ("h100-sxm", "mi300x"))
        assert there[0] <= 1.0 <= there[1]
        assert here[0] <= 1.0 <= here[1]
    assert run_ends(known["ideal"], "h100-sxm", "request-tpot") is None
