"""The whole stack: better hardware never makes a deployment worse, and physics is never beaten."""

from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.cost import Chips
from interlock.cost.chips import substitute
from interlock.hardware import all_chips
from interlock.inference import Service, serve
from interlock.models import Formats, Model, model, scheme
from interlock.parallel import Parallelism

CHIPS = {
    item.id: item for item in all_chips() if substitute(item, "bf16") and item.main.bandwidth and item.main.capacity
}
COLUMNS = {name: Chips.of(item) for name, item in CHIPS.items()}
MODELS = ("llama-3.1-8b", "mixtral-8x7b", "deepseek-v2-lite", "jamba-v0.1", "mamba2-1.3b", "gemma-2-9b", "t5-large")
SCHEMES = ("bf16", "int4-g128", "int8", "nf4-dq")


@cache
def shape(name: str) -> Model:
    return model(name)


def run(name: str, columns: Chips, weight: str, degrees: tuple[int, int, int], load: tuple[int, int, int]) -> Service:
    tensor, pipeline, expert = degrees
    experts = expert if any(item.group == "expert" for item, _ in shape(name).weights()) else 1
    p = Parallelism(tensor=tensor, pipeline=pipeline, expert=experts, data=max(experts // tensor, 1))
    batch, prompt, output = load
    with np.errstate(divide="ignore", invalid="ignore"):
        return serve(
            shape(name), Formats.of(scheme(weight)), p, columns, batch=float(batch), prompt=float(prompt),
            output=float(output),
        )  # fmt: skip


def better(columns: Chips, what: str, factor: float) -> Chips:
    links = columns.links
    changed: dict[str, dict[str, Any]] = {
        "memory bandwidth": {"bandwidth": columns.bandwidth * factor},
        "arithmetic": {"peak": columns.peak * factor, "vector": columns.vector * factor},
        "launch": {"launch": columns.launch / factor},
        "cache": {"cache_bandwidth": columns.cache_bandwidth * factor, "cache": columns.cache * factor},
        "links": {
            "links": replace(
                links, bandwidth=links.bandwidth * factor, pair_bandwidth=links.pair_bandwidth * factor,
                out_bandwidth=links.out_bandwidth * factor, latency=links.latency / factor,
                out_latency=links.out_latency / factor,
            )
        },
        "memory": {"usable": columns.usable * factor, "capacity": columns.capacity * factor},
        "second tier": {"spill_bandwidth": columns.spill_bandwidth * factor},
    }  # fmt: skip
    return replace(columns, **changed[what])


runs = st.tuples(
    st.sampled_from(MODELS),
    st.sampled_from(SCHEMES),
    st.tuples(st.sampled_from([1, 2, 4, 8]), st.sampled_from([1, 2, 3]), st.sampled_from([1, 2, 8])),
    st.tuples(st.integers(1, 128), st.integers(1, 2000), st.integers(1, 500)),
)
WHATS = ("memory bandwidth", "arithmetic", "launch", "cache", "links", "memory", "second tier")


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(CHIPS)), st.sampled_from(WHATS), st.floats(1.0, 16.0), runs)
def test_better_hardware_never_serves_worse(chip: str, what: str, factor: float, run_: tuple[Any, ...]):
    name, weight, degrees, load = run_
    before = run(name, COLUMNS[chip], weight, degrees, load)
    after = run(name, better(COLUMNS[chip], what, factor), weight, degrees, load)
    if np.isnan(before.tpot):  # does not fit, with nowhere to spill to
        assert before.spilled > 0
        return
    for figure in ("ttft", "tpot", "latency"):
        assert getattr(after, figure) <= getattr(before, figure) * (1 + 1e-9)
    assert after.tokens_per_s >= before.tokens_per_s * (1 - 1e-9)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(CHIPS)), runs)
def test_no_deployment_beats_the_arithmetic_of_all_its_chips(chip: str, run_: tuple[Any, ...]):
    name, weight, degrees, load = run_
    s = run(name, COLUMNS[chip], weight, degrees, load)
    if not s.tokens_per_s > 0:
        return
    operand = max(CHIPS[chip].peak(code) or 0.0 for code in ("bf16", "fp16", "tf32", "fp32", "int8"))
    tensor, pipeline, _ = degrees
    work = 0.0
    for cost, repeats in ((s.prefill, 1 / load[2]), (s.decode, 1 / load[0])):
        assert cost is not None
        matrix = [item.operator for item in cost.operators if item.operator.kind in {"matmul", "attention"}]
        work += sum(float(np.asarray(o.flop * o.count)) for o in matrix) * tensor * repeats
    assert s.tokens_per_s * work <= operand * tensor * pipeline * (1 + 1e-9)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(CHIPS)), runs)
def test_all_figures_are_positive_and_power_covers_what_is_drawn_whatever_happens(chip: str, run_: tuple[Any, ...]):
    name, weight, degrees, load = run_
    s = run(name, COLUMNS[chip], weight, degrees, load)
    if not np.isfinite(s.tpot):
        return
    assert s.ttft > 0
    assert s.tpot > 0
    assert s.memory.weights > 0
    assert s.memory.kv > 0
    if np.isfinite(s.power):
        idle = float(np.asarray(COLUMNS[chip].static_power)) * degrees[0] * degrees[1]
        assert s.power >= idle * (1 - 1e-9)


@pytest.mark.parametrize("name", MODELS)
def test_narrower_weights_are_never_read_slower(name: str):
    order = ["bf16", "int8", "int4-g128", "int4", "int3", "int2"]
    degrees, load = (1, 1, 1), (1, 128, 64)
    roomy = replace(COLUMNS["h100-sxm"], usable=np.inf)
    steps = [run(name, roomy, weight, degrees, load) for weight in order]
    for early, late in pairwise(steps):
        assert early.decode is not None
        assert late.decode is not None
        assert late.decode.time <= early.decode.time * (1 + 1e-9)
        assert late.memory.weights < early.memory.weights
