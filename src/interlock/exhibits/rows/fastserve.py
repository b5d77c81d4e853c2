"""FastServe: queues of levels, so that a short answer does not wait for a long one whose length nobody knew."""

import heapq

import numpy as np

from interlock.exhibits.base import Reproduction, above, below, claim, exactly, reproduction
from interlock.exhibits.serving import measured, served
from interlock.serving.clock import affine_clock
from interlock.serving.simulation import Engine
from interlock.workloads.arrivals import poisson
from interlock.workloads.requests import requests

CLAIM = claim("mean completion time up to 5.1 times lower than Orca's", "Wu et al. 2023, abstract, first version")
MISSING = "promotion of who waits long; texts of a real engine with and without preemption"
STEP_S, COUNT = 2e-3, 1500


def shortest_remaining(arrivals: list[float], service: list[float]) -> float:
    """Mean completion time where whoever has least left runs: no schedule of one server has less (Schrage 1968)."""
    now, at, total = 0.0, 0, 0.0
    left: list[tuple[float, int]] = []
    while at < len(arrivals) or left:
        if not left:
            now = max(now, arrivals[at])
        while at < len(arrivals) and arrivals[at] <= now:
            heapq.heappush(left, (service[at], at))
            at += 1
        need, who = heapq.heappop(left)
        until = arrivals[at] if at < len(arrivals) else float("inf")
        if now + need <= until:
            now += need
            total += now - arrivals[who]
        else:
            heapq.heappush(left, (need - (until - now), who))
            now = until
    return total / len(arrivals)


def run() -> Reproduction:
    """One slot, so that the optimum is known; answers with a heavy tail."""
    rng = np.random.default_rng(0)
    output = np.clip(np.rint(rng.pareto(1.2, COUNT) * 20 + 5), 5, 4000).astype(int)
    arrivals = poisson(COUNT, 0.85 / (output.mean() * STEP_S), 0)
    engine = Engine(clock=affine_clock(base_s=STEP_S), kv_tokens=10**7, swap_s=0.0)
    come = requests(arrivals, np.ones(COUNT), output)
    levels = served("orca+paged+fastserve:quantum=16", come, engine, max_num_seqs=1)
    first = measured("orca+paged", come, engine, max_num_seqs=1).e2el.mean
    mean = float((levels.finish_s - levels.arrival_s).mean())
    best = shortest_remaining(arrivals.tolist(), (output * STEP_S).tolist())
    return reproduction(
        above("mean completion time, at least that of the optimum", best, mean, "s"),
        below("and at most that of first come, first served", first, mean, "s"),
        above("first come, first served over FastServe", 1.5, first / mean, note="the paper: up to 5.1"),
        exactly("tokens made", float(output.sum()), float(levels.replicas["tokens"].sum())),
    )
