"""FastServe: queues of levels, so that a short answer does not wait for a long one whose length nobody knew."""

import heapq

import numpy as np

from interlock.exhibits.base import Reproduction, above, below, claim, exactly, holds, reproduction
from interlock.exhibits.engine import alone, sample, serve
from interlock.exhibits.serving import measured, served
from interlock.serving.clock import affine_clock
from interlock.serving.simulation import Engine
from interlock.workloads.arrivals import poisson
from interlock.workloads.requests import requests

CLAIM = claim("mean completion time up to 5.1 times lower than Orca's", "Wu et al. 2023, abstract, first version")
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


def starved(promote: str) -> float:
    """When a long answer ends that competes for one slot with a stream of short ones that nearly fills it."""
    count = 400
    come = requests(np.arange(count) * 4.51 * STEP_S, [1] * count, [200] + [4] * (count - 1))
    engine = Engine(clock=affine_clock(base_s=STEP_S), kv_tokens=10**6, swap_s=0.0)
    rule = f"orca+paged+fastserve:quantum=16,levels=3,prompt_share=0{promote}"
    return float(served(rule, come, engine, max_num_seqs=1).finish_s[0])


def texts_alike() -> tuple[bool, int]:
    """Whether a real decoder's texts are those of each request by itself, and how often requests gave way."""
    decoder, prompts, outputs, arrivals = sample()
    rule = "orca+paged+fastserve:quantum=4"
    found = serve(decoder, prompts, outputs, rule, kv_tokens=160, arrivals=arrivals)
    return found.texts == alone(decoder, prompts, outputs), found.preempted


def proactive_gain() -> float:
    """Makespan where caches move between steps over that where they move beside them."""
    come = requests(np.zeros(60), np.full(60, 40), np.arange(20, 140, 2))
    engine = Engine(clock=affine_clock(base_s=STEP_S, sequence_s=2e-5), kv_tokens=2000, swap_s=2e-5)
    rule = "orca+paged+fastserve:quantum=16+"
    serial, beside = (measured(rule + way, come, engine, max_num_seqs=16) for way in ("swap", "proactive-swap"))
    return serial.duration_s / beside.duration_s


def run() -> Reproduction:
    """One slot, so that the optimum is known; answers with a heavy tail; promotion, and a real decoder's texts."""
    alike, gave_way = texts_alike()
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
        below(
            "a starved answer ends, promoted after 0.1 s, in at most half the time of one that is not",
            starved("") / 2,
            starved(",promote_s=0.1"),
            "s",
        ),
        above("makespan, caches moved between steps over beside them", 1.0, proactive_gain()),
        holds("a real decoder's texts are those of each request by itself", alike),
        above("requests that gave way meanwhile", 1, gave_way),
        exactly("tokens made", float(output.sum()), float(levels.replicas["tokens"].sum())),
    )
