"""LLM OS, re-ordering: sub-tasks that depend on each other, urgent results first."""

from itertools import permutations

import numpy as np

from interlock.exhibits.base import Reproduction, above, below, claim, exactly, reproduction
from interlock.exhibits.serving import clock
from interlock.serving.registry import policy
from interlock.serving.reordering import in_order, reorder, weighted_completion
from interlock.serving.task_graphs import Task, alone_s, run_graph

CLAIM = claim("sub-tasks in sequence are re-ordered", "the mobile slides, re-ordering and parallel batch")


def graph(rng: np.random.Generator, count: int) -> tuple[list[float], list[float], list[tuple[int, ...]]]:
    """Seconds, weights and dependencies, drawn."""
    after = [tuple(sorted(set(rng.integers(0, i, rng.integers(0, 3)).tolist()))) if i else () for i in range(count)]
    return rng.uniform(0.1, 3.0, count).tolist(), rng.integers(0, 10, count).astype(float).tolist(), after


def allowed(order: list[int], after: list[tuple[int, ...]]) -> bool:
    """Whether nobody goes before what it needs."""
    return all(order.index(parent) < order.index(task) for task in order for parent in after[task])


def on_a_phone() -> float:
    """Weighted completion of an agent's calls on one phone, first come over re-ordered, under the scheduler."""
    steps = clock("llama-3.2-1b", "dimensity-9300", 2)
    tasks = [
        Task(prompt=400, output=120, weight=1.0),  # a summary of the day's mail, nothing urgent
        Task(prompt=60, output=20, weight=1.0),  # which appointment is meant
        Task(prompt=80, output=15, after=(1,), weight=8.0),  # the answer that the user waits for
        Task(prompt=200, output=60, after=(0,), weight=0.5),
    ]
    seconds, weights = [alone_s(task, steps) for task in tasks], [task.weight for task in tasks]
    order = reorder(seconds, weights, [task.after for task in tasks])
    keys, rule = [float(order.index(i)) for i in range(len(tasks))], policy("vllm", max_num_seqs=1)
    ends = [run_graph(tasks, steps, rule, 10_000, keys=by).finish_s for by in (None, keys)]
    plain, found = (sum(weight * end for weight, end in zip(weights, own, strict=True)) for own in ends)
    return plain / found


def run() -> Reproduction:
    """Small graphs against all orders, large ones against first come, first served, and a phone."""
    rng = np.random.default_rng(0)
    small, large = [graph(rng, 6) for _ in range(60)], [graph(rng, 30) for _ in range(40)]
    found = [reorder(*one) for one in small + large]
    broken = sum(not allowed(order, one[2]) for order, one in zip(found, small + large, strict=True))
    costs = [weighted_completion(order, *one[:2]) for order, one in zip(found, small + large, strict=True)]
    fifo = [weighted_completion(in_order(one[2]), *one[:2]) for one in small + large]
    best = [
        min(weighted_completion(list(order), s, w) for order in permutations(range(6)) if allowed(list(order), after))
        for s, w, after in small
    ]
    gap = max(abs(cost / one - 1) if one else cost for cost, one in zip(costs, best, strict=False))
    return reproduction(
        exactly("orders that break a dependency", 0, broken),
        below("furthest from the best of all orders, 60 graphs of 6 tasks", 1e-9, gap),
        below("worst against first come, first served, all graphs", 1.0 + 1e-9,
              max(cost / one for cost, one in zip(costs, fifo, strict=True) if one)),
        above("mean gain on graphs of 30 tasks", 1.2, float(np.mean(np.asarray(fifo[60:]) / np.asarray(costs[60:])))),
        above("weighted completion of an agent on a phone, first come over re-ordered", 1.5, on_a_phone()),
    )  # fmt: skip
