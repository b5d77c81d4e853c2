"""TetriInfer: prompts read apart from decoding, and decoders picked by the load of two."""

from dataclasses import replace

import numpy as np

from interlock.exhibits.base import Reproduction, above, below, claim, reproduction
from interlock.exhibits.serving import clock, conversations
from interlock.serving.metrics import measure
from interlock.serving.registry import policy
from interlock.serving.simulation import Engine, Outcome, simulate

CLAIM = claim("38 % fewer resources, TTFT lower by 97 % and completion by 47 % on average", "Hu et al. 2024, abstract")
MISSING = "predicted ranges of answer lengths; heavy and light decodes kept apart; the paper's resources and latencies"
RATE, COUNT = 8.0, 300


def outcome(name: str, prompt: int, engine: Engine, *, rate: float = RATE, answer: int = 96, seed: int = 0) -> Outcome:
    """Requests with prompts of a mean length."""
    load = conversations(COUNT, rate, longest=8192, means=(prompt, answer), seed=seed)
    return simulate(load, engine, policy(name), compiled=False)


def imbalance(name: str, engine: Engine) -> float:
    """Decoding load of the busiest decoder over the mean, over ten draws of requests."""
    found = []
    for seed in range(10):
        each = outcome(name, 128, engine, rate=20.0, answer=256, seed=seed).replicas["batch_s"]
        mine = np.asarray(each, dtype=float)[engine.prefill_replicas :]
        found.append(mine.max() / mine.mean())
    return float(np.mean(found))


def run() -> Reproduction:
    """OPT 13B on A100: one batch for all, or chunked prompts on a replica of their own; then four decoders."""
    each = clock("opt-13b", "a100-80g")
    one = Engine(clock=each, kv_tokens=60_000, longest=16_384)
    two = replace(one, replicas=2, prefill_replicas=1, transfer_s=819_200 / 3e11)

    def gap(name: str, prompt: int, engine: Engine) -> float:
        return measure(outcome(name, prompt, engine, rate=2.0)).itl.p99

    apart = "distserve+sarathi:token_budget=512"
    light, heavy = gap("vllm", 64, one), gap("vllm", 2048, one)
    light_apart, heavy_apart = gap(apart, 64, two), gap(apart, 2048, two)
    many = replace(one, replicas=5, prefill_replicas=1, transfer_s=819_200 / 3e11)
    turns, two_choices = (imbalance(f"distserve+{name}", many) for name in ("round-robin", "power-of-two"))
    return reproduction(
        above("p99 of gaps beside heavy prompts over that beside light ones, together", 2.0, heavy / light),
        below("the same apart", 1.5, heavy_apart / light_apart),
        above("p99 of gaps beside heavy prompts, together over apart", 2.0, heavy / heavy_apart),
        below("the busiest decoder's load over the mean with two choices, at most that in turn", turns, two_choices),
    )
