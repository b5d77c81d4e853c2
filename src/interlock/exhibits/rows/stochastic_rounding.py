"""Stochastic rounding: right on average, so that small updates are not lost."""

import numpy as np
from numpy.typing import NDArray

from interlock.exhibits.base import Reproduction, above, below, claim, reproduction, within
from interlock.numerics.rounding import round_whole

CLAIM = claim(
    "16-bit fixed-point training with stochastic rounding", "Gupta et al. 2015, Deep learning with limited precision"
)
STEP = 2.0**-10


def stochastic(x: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Down or up to a multiple of the step, with the distance as the odds."""
    result: NDArray[np.float64] = (round_whole(x / STEP, "stochastic", rng) * STEP).astype(np.float64)
    return result


def train(rounding: str, steps: int = 4000, rate: float = 2e-3) -> float:
    """Loss of a linear model after steps whose updates are mostly smaller than the weights' step."""
    rng = np.random.default_rng(5)
    x = rng.standard_normal((256, 8))
    y = x @ rng.uniform(-1, 1, 8)
    w = np.zeros(8)
    for _ in range(steps):
        w = w - rate * 2 / len(x) * x.T @ (x @ w - y) * 0.2
        w = (
            stochastic(w, rng)
            if rounding == "stochastic"
            else np.round(w / STEP) * STEP
            if rounding == "nearest"
            else w
        )
        w = np.clip(w, -32, 32 - STEP)  # 16 bits: 6 before the point, 10 after
    return float(np.mean((x @ w - y) ** 2))


def run() -> Reproduction:
    """The mean of a million roundings of a value, and training that converges or stalls."""
    rng, value, draws = np.random.default_rng(0), 0.3 * STEP, 1_000_000
    mean = float(stochastic(np.full(draws, value), rng).mean())
    sigma = STEP * np.sqrt(0.3 * 0.7 / draws)
    start = train("none", steps=0)
    return reproduction(
        within("mean of a million roundings, in steps", 0.3, mean / STEP, 0.01),
        below("distance of the mean from the value, within three standard errors", 3.0, abs(mean - value) / sigma),
        above("nearest rounding stalls: loss over its start", 0.3, train("nearest") / start),
        below("stochastic rounding converges: loss over its start", 0.01, train("stochastic") / start),
        below("and so does the wide reference", 0.01, train("none") / start),
    )
