"""Orca: batches that change between any two steps, against batches that leave together."""

import numpy as np

from interlock.exhibits.base import Reproduction, above, claim, holds, reproduction, within
from interlock.exhibits.engine import alone, sample, serve
from interlock.exhibits.serving import clock, lognormal, measured
from interlock.serving.simulation import Engine
from interlock.workloads.requests import requests

CLAIM = claim("36.9 times FasterTransformer's throughput for GPT-3 175B at equal latency", "Yu et al. 2022, abstract")
BATCH, COUNT, MEAN = 32, 320, 128


def gain(spread: float) -> float:
    """Static over continuous makespan, where answers of a mean length vary by a share of it; all come at once."""
    rng = np.random.default_rng(1)
    if spread == 0:
        output = np.full(COUNT, MEAN)
    else:
        output = np.clip(np.rint(rng.gamma(spread**-2, MEAN * spread**2, COUNT)), 1, 2000).astype(int)
    come = requests(np.zeros(COUNT), np.full(COUNT, 128), output)
    engine = Engine(clock=clock("opt-13b", "a100-80g"), kv_tokens=BATCH * 4096, longest=4096)
    static = measured(f"static:gang={BATCH}", come, engine, max_num_seqs=BATCH)
    orca = measured("orca", come, engine, max_num_seqs=BATCH)
    return static.duration_s / orca.duration_s


def latency_ratio() -> float:
    """Mean latency of static batches over Orca's, where requests come at a rate that both can serve."""
    rng = np.random.default_rng(2)
    come = requests(
        np.cumsum(rng.exponential(1.0, COUNT)), lognormal(rng, 128, 512, COUNT), lognormal(rng, 128, 1024, COUNT)
    )
    engine = Engine(clock=clock("opt-13b", "a100-80g"), kv_tokens=BATCH * 4096, longest=4096)
    static = measured(f"dynamic:gang={BATCH}", come, engine, max_num_seqs=BATCH)
    return static.e2el.mean / measured("orca", come, engine, max_num_seqs=BATCH).e2el.mean


def texts_alike() -> bool:
    """Whether a real decoder's texts are the same in static batches, in Orca's, and one at a time."""
    decoder, prompts, outputs, arrivals = sample()
    rules = ("static:gang=4", "orca+paged")
    found = [serve(decoder, prompts, outputs, rule, kv_tokens=2000, arrivals=arrivals).texts for rule in rules]
    return all(texts == alone(decoder, prompts, outputs) for texts in found)


def run() -> Reproduction:
    """The gain against the spread of answers: none without any, growing with it; texts of a real decoder."""
    gains = [gain(spread) for spread in (0.0, 0.25, 0.5, 1.0, 1.5)]
    return reproduction(
        within("static over continuous time, all answers alike", 1.0, gains[0], 0.001),
        *(above(f"answers that vary by {share:.0%}", 1.0, value)
          for share, value in zip((0.25, 0.5, 1.0, 1.5), gains[1:], strict=True)),
        holds("the more they vary, the more is gained", gains == sorted(gains)),
        holds("a real decoder's texts are those of static batches and of one at a time", texts_alike()),
        above("mean latency of delayed batches over Orca's, at one rate", 1.0, latency_ratio()),
    )  # fmt: skip
