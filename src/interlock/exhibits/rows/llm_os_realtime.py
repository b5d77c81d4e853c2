"""LLM OS, real time: earliest deadline first against first come, first served, on one model that answers in turn."""

import numpy as np
from numpy.typing import NDArray

from interlock.exhibits.base import Reproduction, below, claim, exactly, holds, reproduction

CLAIM = claim("overall time to finish a task, and times of its sub-tasks", "the mobile slides, issues for LLM OS")

Floats = NDArray[np.float64]


def misses(arrival: Floats, work: Floats, deadline: Floats, *, by: Floats, quantum: float = 1.0) -> int:
    """Tasks that end too late when a token's time at a time goes to the one with the least `by` among those waiting."""
    left, clock, late = work.copy(), 0.0, 0
    while left.any():
        ready = (arrival <= clock) & (left > 0)
        if not ready.any():
            clock = float(arrival[left > 0].min())
            continue
        task = int(np.flatnonzero(ready)[np.argmin(by[ready])])
        clock, left[task] = clock + quantum, left[task] - quantum
        late += left[task] == 0 and clock > deadline[task]
    return int(late)


def feasible(rng: np.random.Generator, tasks: int = 8) -> tuple[Floats, Floats, Floats]:
    """A set that some schedule meets: drawn from a random schedule, whose ends become deadlines with a little slack."""
    work = rng.integers(1, 6, tasks).astype(float)
    order = rng.permutation(np.repeat(np.arange(tasks), work.astype(int)))
    first = np.array([np.flatnonzero(order == task)[0] for task in range(tasks)], dtype=float)
    last = np.array([np.flatnonzero(order == task)[-1] + 1 for task in range(tasks)], dtype=float)
    return np.maximum(first - rng.integers(0, 4, tasks), 0), work, last + rng.integers(0, 2, tasks)


def loaded(load: float, tasks: int = 300) -> tuple[int, int]:
    """Misses of both orders under random arrivals: earliest deadline, first come."""
    rng = np.random.default_rng(3)
    work = rng.integers(2, 12, tasks).astype(float)
    arrival = np.floor(np.cumsum(rng.exponential(work.mean() / load, tasks)))
    deadline = arrival + work * rng.uniform(1.5, 6, tasks)
    return misses(arrival, work, deadline, by=deadline), misses(arrival, work, deadline, by=arrival)


def run() -> Reproduction:
    """500 sets that can be met, and curves over the load."""
    rng = np.random.default_rng(0)
    sets = [feasible(rng) for _ in range(500)]
    by_deadline = sum(misses(a, w, d, by=d) == 0 for a, w, d in sets)
    by_arrival = sum(misses(a, w, d, by=a) == 0 for a, w, d in sets)
    curves = [loaded(load) for load in (0.3, 0.5, 0.7, 0.9)]
    return reproduction(
        exactly("feasible sets that earliest deadline first meets", 500, by_deadline),
        below("those that first come, first served meets", 250, by_arrival),
        holds(
            "misses grow with the load",
            all(np.diff([late for _, late in curves]) >= 0),
            ", ".join(f"{early} against {late}" for early, late in curves) + " of 300",
        ),
        holds("earliest deadline first misses fewer at every load", all(early < late for early, late in curves)),
    )
