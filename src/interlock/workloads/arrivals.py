"""When requests come: renewal processes, a process with two moods, a day's curve. Seconds, sorted, seeded.

symbols: rate requests a second over the whole; cv standard deviation of the gaps over their mean.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from interlock.errors import InputError

Floats = NDArray[np.float64]
DAY_S = 86400.0


def poisson(count: int, rate: float, seed: int) -> Floats:
    """Independent arrivals: gaps are exponential."""
    return gamma(count, rate, 1.0, seed)


def gamma(count: int, rate: float, cv: float, seed: int) -> Floats:
    """Gaps are gamma distributed: more even than Poisson below cv 1, burstier above."""
    _positive(rate, "--rate")
    _positive(cv, "--cv")
    shape = 1.0 / cv**2
    gaps = np.random.default_rng(seed).gamma(shape, 1.0 / (rate * shape), count)
    return np.cumsum(gaps)


def bursty(
    count: int, rate: float, seed: int, *, burst: float = 5.0, share: float = 0.1, stay_s: float = 20.0
) -> Floats:
    """A Markov-modulated Poisson process: calm, and bursts of `burst` times the calm rate for a `share` of the time.

    `stay_s` is the mean length of a burst.
    """
    _positive(rate, "--rate")
    rng = np.random.default_rng(seed)
    calm = rate / (1.0 + share * (burst - 1.0))
    rates, stays = (calm, calm * burst), (stay_s * (1.0 - share) / share, stay_s)
    times: list[Floats] = []
    found, now, mood = 0, 0.0, int(rng.random() < share)
    while found < count:
        length = rng.exponential(stays[mood])
        here = now + np.sort(rng.uniform(0.0, length, rng.poisson(rates[mood] * length)))
        times.append(here)
        found, now, mood = found + here.size, now + length, 1 - mood
    return np.concatenate(times)[:count]


def diurnal(count: int, rate: float, seed: int, *, swing: float = 0.6, period_s: float = DAY_S) -> Floats:
    """A Poisson process whose rate follows a sine over `period_s`, by `swing` of the mean up and down."""
    _positive(rate, "--rate")
    if not 0.0 <= swing <= 1.0:
        raise InputError("--swing", f"{swing:g}", "0 to 1")
    unit = poisson(count, 1.0, seed)  # expected arrivals so far, inverted through the cumulated rate
    w = 2.0 * np.pi / period_s
    grid = np.linspace(0.0, unit[-1] / rate + period_s, max(4096, int(unit[-1] / rate / period_s * 512)))
    expected = rate * (grid - swing * np.sin(w * grid) / w)
    return np.interp(unit, expected, grid)


PROCESSES: dict[str, Any] = {"poisson": poisson, "bursty": bursty, "diurnal": diurnal}


def _positive(value: float, where: str) -> None:
    if not 0.0 < value < float("inf"):
        raise InputError(where, f"{value:g}", "a number above 0")
