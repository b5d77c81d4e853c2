"""Virtual token counters: two clients who always have requests waiting are served alike, whatever they ask."""

import numpy as np

from interlock.exhibits.base import Reproduction, above, below, claim, reproduction, within
from interlock.exhibits.serving import served
from interlock.serving.clock import affine_clock
from interlock.serving.simulation import Engine
from interlock.validation.serving.service import largest_gap, service
from interlock.workloads.requests import Requests, requests

CLAIM = claim(
    "the service of backlogged clients differs by at most 2 max(wp L, wq M)", "Sheng et al. 2024, theorem 4.4"
)
KV_TOKENS, PROMPT_WEIGHT, TOKEN_WEIGHT = 4000, 1.0, 2.0


def trace(seed: int) -> Requests:
    """Two clients, one of whom sends several times as much, both more than is served."""
    rng = np.random.default_rng(seed)
    eager, calm = int(rng.integers(500, 700)), int(rng.integers(120, 200))
    client = np.concatenate([np.zeros(eager), np.ones(calm)])
    prompt, output = (rng.integers(16, 256, eager + calm) for _ in range(2))
    times = np.concatenate([rng.uniform(0, 100, eager), rng.uniform(0, 100, calm)])
    return requests(times, prompt, output, client=client.astype(int), sort=True)


def fairness(come: Requests, order: str) -> tuple[float, float]:
    """The largest gap in any interval in which both wait, over the bound; one's share of the service."""
    clock = affine_clock(base_s=0.02, token_s=5e-5, sequence_s=1e-3)
    outcome = served(f"vllm+paged:watermark=0+{order}", come, Engine(clock=clock, kv_tokens=KV_TOKENS))
    moments = np.linspace(0.0, 100.0, 1000)
    waits = (outcome.arrival_s <= moments[:, None]) & (outcome.admitted_s > moments[:, None])
    both = np.stack([(waits & (come.client == code)).any(axis=1) for code in range(len(come.clients))]).all(axis=0)
    breaks = np.flatnonzero(np.diff(np.concatenate([[False], both, [False]])))
    begin, end = max(zip(breaks[::2], breaks[1::2], strict=True), key=lambda pair: pair[1] - pair[0])
    waiting = moments[begin:end]
    curves = service(come, outcome.first_s, outcome.finish_s, waiting)
    bound = 2 * max(PROMPT_WEIGHT * float(come.prompt.max()), TOKEN_WEIGHT * KV_TOKENS)
    grown = curves[:, -1] - curves[:, 0]
    return largest_gap(curves) / bound, float(grown[0] / grown.sum())


def run() -> Reproduction:
    """The bound over random traces; first come, first served on the same."""
    traces = [trace(seed) for seed in range(4)]
    fair, first = ([fairness(come, order) for come in traces] for order in ("vtc", "fcfs"))
    return reproduction(
        below("largest gap of service over its bound", 1.0, max(gap for gap, _ in fair)),
        above("first come, first served breaks it", 1.0, min(gap for gap, _ in first)),
        *(within("one client's share while both wait", 0.5, share, 0.05) for _, share in fair),
    )
