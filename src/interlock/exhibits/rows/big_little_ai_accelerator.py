"""Big, little and an accelerator: which core runs which operator for the least energy in time."""

from itertools import product

import numpy as np

from interlock.exhibits.base import Reproduction, above, below, claim, exactly, holds, reproduction

CLAIM = claim("from one core to big-little cores and an AI accelerator", "the mobile slides, trends of architecture")

# Assumed, of the order of a phone: operations a second by kind of work, and watts while busy.
CORES = {"little": ({"matrix": 20e9, "scalar": 2e9}, 0.3), "big": ({"matrix": 150e9, "scalar": 12e9}, 3.0),
         "NPU": ({"matrix": 8e12, "scalar": 0.2e9}, 2.5)}  # fmt: skip
TASK = [
    ("matrix", 4e9),
    ("scalar", 2e7),
    ("matrix", 2e9),
    ("scalar", 5e7),
    ("matrix", 8e9),
    ("scalar", 1e7),
    ("scalar", 4e7),
]
TICK = 2e-5  # the schedule's resolution, seconds


def price(core: str, kind: str, work: float) -> tuple[float, float]:
    """Seconds and joules of an operator."""
    rates, watts = CORES[core]
    return work / rates[kind], work / rates[kind] * watts


def cheapest(deadline: float) -> tuple[float, float]:
    """Least joules of a chain within a deadline, by dynamic programming over ticks; and the seconds it takes."""
    best: dict[int, float] = {0: 0.0}
    for kind, work in TASK:
        after: dict[int, float] = {}
        for ticks, joules in best.items():
            for core in CORES:
                seconds, spent = price(core, kind, work)
                then = ticks + int(np.ceil(seconds / TICK))
                if then * TICK <= deadline and joules + spent < after.get(then, np.inf):
                    after[then] = joules + spent
        best = after
    if not best:
        return np.inf, np.inf
    ticks = min(best, key=best.__getitem__)
    return best[ticks], ticks * TICK


def enumerated(deadline: float) -> float:
    """The same by trying every mapping."""
    least = np.inf
    for cores in product(CORES, repeat=len(TASK)):
        spent = [price(core, kind, work) for core, (kind, work) in zip(cores, TASK, strict=True)]
        if sum(np.ceil(seconds / TICK) for seconds, _ in spent) * TICK <= deadline:
            least = min(least, sum(joules for _, joules in spent))
    return float(least)


def run() -> Reproduction:
    """Against brute force for four deadlines, and against every core alone."""
    deadlines = (0.02, 0.03, 0.06, 0.2)
    found = [cheapest(d)[0] for d in deadlines]
    alone = {c: [sum(price(c, k, w)[i] for k, w in TASK) for i in (0, 1)] for c in CORES}
    fits = {c: joules for c, (seconds, joules) in alone.items() if seconds <= max(deadlines)}
    agree = sum(abs(a - enumerated(d)) < 1e-12 for a, d in zip(found, deadlines, strict=True))
    return reproduction(
        exactly("deadlines at which it equals brute force", len(deadlines), agree),
        holds("a later deadline never costs more", found == sorted(found, reverse=True)),
        below("schedule within its deadline", deadlines[1], cheapest(deadlines[1])[1], "s"),
        above(
            "best single core that meets the last deadline, over the schedule",
            1.5,
            min(fits.values(), default=np.inf) / found[-1],
        ),
        above(
            "fastest single core, over the schedule's time", 2, min(s for s, _ in alone.values()) / cheapest(0.02)[1]
        ),
    )
