"""The highest rate that meets the limits: bisection over rates, each of them a simulation of the same requests.

keeps: a rate counts as met when a share of the requests (90 % unless told otherwise) meet all limits, as in Zhong et
       al., DistServe, OSDI 2024, section 4.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from dataclasses import dataclass

from interlock.errors import InputError, shown
from interlock.serving.metrics import Metrics

TOLERANCE = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A rate that was tried: the share within the limits, and the 99th percentiles there, seconds."""

    rate: float
    within_slo: float
    ttft_p99: float
    tpot_p99: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """The highest rate found, what was measured there, and every rate tried. `rate` is 0 where the lowest fails.

    `open`: even the highest rate of the range meets the limits.
    """

    rate: float
    metrics: Metrics | None
    tried: tuple[Point, ...]
    open: bool


def rates_of(text: str) -> tuple[float, float]:
    """Two rates from "1..200".

    Raises:
        InputError: not of that form.
    """
    low, dots, high = text.partition("..")
    try:
        found = float(low), float(high if dots else low)
    except ValueError:
        raise InputError("--rate", shown(text), "requests a second, such as 12.5, or a range such as 1..200") from None
    if not 0 < found[0] <= found[1] < 1e7:
        raise InputError("--rate", shown(text), "rates above 0, the lower one first")
    return found


def bisection(
    low: float, high: float, *, share: float = 0.9, tolerance: float = TOLERANCE
) -> Generator[float, Metrics, Capacity]:
    """Yields the rate to try next, is sent the metrics there, ends with the capacity.

    Args:
        low: the lowest rate of interest.
        high: the highest.
        share: of the requests that must meet the limits.
        tolerance: how close the bounds come, relative.
    """
    tried: list[Point] = []

    def meets(rate: float, found: Metrics) -> Metrics | None:
        within = found.within_slo or 0.0
        tried.append(Point(rate=rate, within_slo=within, ttft_p99=found.ttft.p99, tpot_p99=found.tpot.p99))
        return found if within >= share else None

    best = meets(low, (yield low))
    if best is None:
        return Capacity(rate=0.0, metrics=None, tried=tuple(tried), open=False)
    if high > low and (top := meets(high, (yield high))) is not None:
        return Capacity(rate=high, metrics=top, tried=tuple(tried), open=True)
    while high / low > 1.0 + tolerance:
        middle = (low * high) ** 0.5
        found = meets(middle, (yield middle))
        if found is None:
            high = middle
        else:
            low, best = middle, found
    return Capacity(rate=low, metrics=best, tried=tuple(sorted(tried, key=lambda point: point.rate)), open=False)


def most_steps(low: float, high: float, tolerance: float = TOLERANCE) -> int:
    """The most rates that a bisection tries."""
    spans = math.log(high / low) / math.log(1.0 + tolerance)
    return 2 + max(math.ceil(math.log2(spans)), 0) if spans > 1 else 2


def find_capacity(
    run: Callable[[float], Metrics], low: float, high: float, *, share: float = 0.9, tolerance: float = TOLERANCE
) -> Capacity:
    """Bisect between two rates by a simulation at a rate, measured against limits."""
    asking = bisection(low, high, share=share, tolerance=tolerance)
    rate = next(asking)
    while True:
        try:
            rate = asking.send(run(rate))
        except StopIteration as ended:
            found: Capacity = ended.value
            return found
