"""First come, first served: the wait of a queue with one server, against the formula."""

import numpy as np

from interlock.exhibits.base import Reproduction, above, claim, reproduction, within
from interlock.exhibits.serving import measured, served
from interlock.serving.clock import affine_clock
from interlock.serving.simulation import Engine
from interlock.workloads.arrivals import poisson
from interlock.workloads.requests import requests

CLAIM = claim("short jobs wait behind long ones", "the survey, IV-A.2; Pollaczek 1930, Khinchine 1932")
STEP_S, COUNT, LOAD = 1e-3, 12_000, 0.4


def run() -> Reproduction:
    """Answers that are short or five times as long; the same mean with none of the spread."""
    rng = np.random.default_rng(3)
    output = np.where(rng.random(COUNT) < 0.2, 100, 20)
    service = output * STEP_S
    arrivals = poisson(COUNT, LOAD / service.mean(), 3)
    engine = Engine(clock=affine_clock(base_s=STEP_S), kv_tokens=10_000)
    outcome = served("orca+paged", requests(arrivals, np.ones(COUNT), output), engine, max_num_seqs=1)
    waited = outcome.admitted_s - outcome.arrival_s
    rate = COUNT / arrivals[-1]
    formula = rate * np.mean(service**2) / 2 / (1 - rate * service.mean())
    backlog = np.zeros(COUNT)
    for at in range(1, COUNT):  # Lindley's recursion: the wait of each from that of the one before
        backlog[at] = max(backlog[at - 1] + service[at - 1] - (arrivals[at] - arrivals[at - 1]), 0.0)
    few = slice(0, 5000)
    mix = requests(arrivals[few], np.ones(5000), output[few])
    even = requests(arrivals[few], np.ones(5000), np.full(5000, round(output.mean())))
    spread, alike = (measured("orca+paged", come, engine, max_num_seqs=1) for come in (mix, even))
    sooner = measured("orca+paged+sjf", mix, engine, max_num_seqs=1)
    return reproduction(
        within("mean wait, Pollaczek and Khinchine", formula, waited.mean(), 0.03, "s"),
        within("every wait, by Lindley's recursion", backlog.sum(), waited.sum(), 1e-6, "s"),
        above("mean wait over that of equal answers", 1.5, spread.queue.mean / alike.queue.mean),
        above("and over that with the short ones first", 1.1, spread.queue.mean / sooner.queue.mean),
    )
