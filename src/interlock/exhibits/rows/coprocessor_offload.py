"""Operators over CPU, NPU and near-memory compute of a phone: an integer program over run and transfer times."""

from dataclasses import replace

import numpy as np

from interlock.cost import Chips
from interlock.exhibits.base import Reproduction, above, below, claim, exactly, holds, reproduction
from interlock.hardware import Chip, chip
from interlock.hardware.chip import Engine
from interlock.inference import price_step
from interlock.inference.step_cost import PricedOperator
from interlock.models import Formats, Step, decode, model, prefill, scheme
from interlock.offloading.coprocessors import Graph, assign, by_trying_all
from interlock.operators import Kind
from interlock.parallel import Parallelism

CLAIM = claim("mobile processors offload to co-processors and compute in memory", "the mobile slides, trends")
NEEDS = "offload"
KEPT = Formats.of(scheme("int4-g64", "int8"))


def run() -> Reproduction:
    """Random small graphs against all assignments, then a layer of Llama 3.2 3B on a phone in both phases."""
    rng = np.random.default_rng(0)
    gaps = []
    for _ in range(20):
        graph = _random(rng)
        gaps.append(graph.cost(assign(graph)) / graph.cost(by_trying_all(graph)) - 1.0)
    processors = _phone()
    reading, writing = (_layer(step, processors) for step in (prefill(1.0, 512.0), decode(1.0, 512.0)))
    chosen = [assign(graph) for graph in (reading, writing)]
    alone = [min(graph.cost([p] * len(graph.seconds)) for p in range(3)) for graph in (reading, writing)]
    costs = [graph.cost(where) for graph, where in zip((reading, writing), chosen, strict=True)]
    return reproduction(
        below("largest distance from the best of all assignments, 20 random graphs", 1e-9, max(gaps)),
        holds("a layer's first operators, against all assignments", all(
            abs(part.cost(assign(part)) / part.cost(by_trying_all(part)) - 1) < 1e-9
            for part in (_first(reading, 7), _first(writing, 7)))),
        below("prefill, over the best single processor", 1.0, costs[0] / alone[0]),
        below("decode, over the best single processor", 1.0, costs[1] / alone[1]),
        above("products of a prefill on the NPU", 0.9, float(np.mean([where == 1 for where, kind in
              zip(chosen[0], _kinds(prefill(1.0, 512.0), processors), strict=True) if kind is Kind.MATMUL]))),
        exactly("products of a decode step on near-memory compute", 1.0, float(np.mean([where == 2 for where, kind in
                zip(chosen[1], _kinds(decode(1.0, 512.0), processors), strict=True) if kind is Kind.MATMUL]))),
    )  # fmt: skip


def _phone() -> list[Chip]:
    """What-if: a CPU that reads half of the memory bus, the NPU, and compute beside the banks with four times it."""
    npu = chip("dimensity-9300")
    bus, peak = npu.main.bandwidth or float("nan"), npu.peak("int8") or float("nan")

    def made(name: str, share: float, rate: float) -> Chip:
        engine = Engine(peaks={"int8": peak * rate, "fp16": peak * rate / 4})
        vector = Engine(peaks={"fp32": peak * rate / 8})
        return replace(npu, id=name, engines={"matrix": engine, "vector": vector},
                       memories={**npu.memories, "main": replace(npu.main, bandwidth=bus * share)})  # fmt: skip

    return [made("cpu", 0.5, 0.02), made("npu", 1.0, 1.0), made("near-memory", 4.0, 0.05)]


def _kinds(step: Step, processors: list[Chip]) -> list[Kind]:
    return [item.operator.kind for item in _priced(step, processors[0])]


def _priced(step: Step, place: Chip) -> list[PricedOperator]:
    found = price_step(model("llama-3.2-3b"), step, KEPT, Parallelism(), Chips.of(place))
    depth = model("llama-3.2-3b").main.depth
    return [item for item in found.operators if float(np.asarray(item.operator.count)) == depth]


def _layer(step: Step, processors: list[Chip]) -> Graph:
    """The operators of one layer as a chain; what one writes, the next reads."""
    priced = [_priced(step, place) for place in processors]
    seconds = np.array([[float(item.time.time) for item in column] for column in priced]).T
    sizes = [float(np.asarray(item.operator.output_bytes)) for item in priced[0]]
    off = 1.0 - np.eye(len(processors))
    bus = processors[1].main.bandwidth or float("nan")
    edges = [(place, place + 1, sizes[place]) for place in range(len(sizes) - 1)]
    return Graph(seconds=seconds, edges=edges, transfer=off * 2.0 / bus, latency=off * 5e-6)


def _first(graph: Graph, count: int) -> Graph:
    return replace(graph, seconds=graph.seconds[:count], edges=[edge for edge in graph.edges if edge[1] < count])


def _random(rng: np.random.Generator) -> Graph:
    off = 1.0 - np.eye(3)
    edges = [(a, b, float(rng.uniform(0, 2))) for a in range(5) for b in range(a + 1, 5) if rng.random() < 0.5]
    return Graph(seconds=rng.uniform(0.1, 2, (5, 3)), edges=edges, transfer=off * 0.3, latency=off * 0.05)
