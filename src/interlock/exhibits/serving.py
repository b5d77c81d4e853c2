"""Small simulations that exhibits share: a deployment, lengths like ShareGPT's, policies side by side.

idea: the clock is the cost model's for one replica; what an exhibit shows are ratios between policies on one trace.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interlock.hardware import chip
from interlock.models import model, scheme
from interlock.parallel import Parallelism
from interlock.serving.clock import StepClock, price_clock
from interlock.serving.metrics import Metrics, measure
from interlock.serving.registry import policy
from interlock.serving.simulation import Engine, Outcome, simulate
from interlock.workloads.arrivals import poisson
from interlock.workloads.requests import Requests, requests

SHAREGPT_MEANS: Final = (161.0, 338.0)  # tokens in and out: Kwon et al. 2023, figure 11
_SPREAD: Final = 1.0  # of the logarithm


@cache
def clock(model_id: str, chip_id: str, max_num_seqs: int = 256, tensor: int = 1) -> StepClock:
    """Seconds of a step of a model in fp16."""
    cut = Parallelism(tensor=tensor, pipeline=1, data=1)
    return price_clock(model(model_id), scheme("fp16"), cut, chip(chip_id), max_num_seqs=max_num_seqs)


def lognormal(rng: np.random.Generator, mean: float, most: int, count: int) -> NDArray[np.int64]:
    """Lengths with a heavy tail."""
    drawn = rng.lognormal(np.log(mean) - _SPREAD**2 / 2.0, _SPREAD, count)
    return np.clip(np.rint(drawn), 1, most).astype(np.int64)


def conversations(
    count: int,
    rate: float | None = None,
    *,
    longest: int = 2048,
    seed: int = 0,
    means: tuple[float, float] | None = None,
) -> Requests:
    """Requests of the mean lengths of ShareGPT, log-normal; all at once if there is no rate."""
    rng = np.random.default_rng(seed)
    prompt, output = (lognormal(rng, mean, longest // 2, count) for mean in means or SHAREGPT_MEANS)
    return requests(np.zeros(count) if rate is None else poisson(count, rate, seed), prompt, output)


def served(name: str, come: Requests, engine: Engine, *, max_num_seqs: int = 256, trace_rows: int = 0) -> Outcome:
    """One policy's outcome."""
    return simulate(come, engine, policy(name, max_num_seqs=max_num_seqs), trace_rows=trace_rows, compiled=False)


def measured(name: str, come: Requests, engine: Engine, *, max_num_seqs: int = 256) -> Metrics:
    """One policy's figures."""
    return measure(served(name, come, engine, max_num_seqs=max_num_seqs))
