"""Peak current: the compiler foretells each layer's current, and a limiter slows the chip only where it must."""

import numpy as np
from numpy.typing import NDArray

from interlock.exhibits.base import Reproduction, above, below, claim, exactly, reproduction

CLAIM = claim(
    "up to 41 % higher throughput on BERT-Large under a current cap", "IBM, software-assisted peak current regulation"
)

# Assumed: currents of layers at full clock between 40 and 110 A under a cap of 75 A; current follows the clock; the
# compiler errs by 8 % either way, and a sensor corrects it one slice late.
CAP, ERROR, SLICES = 75.0, 0.08, 20


def trace(layers: int = 200) -> NDArray[np.float64]:
    """Current of each layer at full clock: wide products, and lighter layers between them."""
    rng = np.random.default_rng(0)
    return np.where(np.arange(layers) % 3 == 0, rng.uniform(85, 110, layers), rng.uniform(40, 65, layers))


def static(currents: NDArray[np.float64]) -> tuple[float, float]:
    """One clock for all, safe for the worst layer: time and highest current."""
    clock = min(1.0, CAP / currents.max())
    return len(currents) / clock, float((currents * clock).max())


def regulated(currents: NDArray[np.float64]) -> tuple[float, float]:
    """A clock for each layer from its foretold current with a margin, raised slice by slice by what is sensed."""
    foretold = currents * np.random.default_rng(1).uniform(1 - ERROR, 1 + ERROR, len(currents))
    time, highest = 0.0, 0.0
    for real, guess in zip(currents, foretold, strict=True):
        clock = min(1.0, CAP * (1 - ERROR) / guess)  # feed-forward: real <= guess / (1 - error)
        for _ in range(SLICES):
            drawn = real * clock
            highest, time = max(highest, drawn), time + 1 / SLICES / clock
            clock = min(1.0, clock * (1 + 0.5 * (CAP / drawn - 1)))  # feedback: half of the room that is left
    return time, highest


def run() -> Reproduction:
    """The same trace under one safe clock, under regulation, and without any cap."""
    currents = trace()
    (slow, first), (fast, second) = static(currents), regulated(currents)
    return reproduction(
        exactly("cap, one clock for all: highest current", CAP, round(first, 9), "A"),
        below("cap, regulated: highest current", CAP, second, "A"),
        above("layers that would exceed it unregulated", 50, int((currents > CAP).sum())),
        above("throughput over one clock for all", 1.15, slow / fast),
        below("and below what the cap allows at all", slow / float(np.maximum(currents / CAP, 1).sum()), slow / fast),
        above("share of that reached", 0.97, float(np.maximum(currents / CAP, 1).sum()) / fast),
    )
