"""The highest rate that meets the limits: bisection over rates, each of them a simulation of the same requests.

keeps: a rate counts as met when a share of the requests (90 % unless told otherwise) meet all limits, as in Zhong et
       al., DistServe, OSDI 2024, section 4.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from interlock.errors import InputError, shown
from interlock.serving.metrics import Metrics

TOLERANCE = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """The highest rate found, what was measured there, and every rate tried. `rate` is 0 where the lowest fails.

    `open`: even the highest rate of the range meets the limits.
    """

    rate: float
    metrics: Metrics | None
    tried: tuple[tuple[float, float], ...]  # rate, share within the limits
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


def find_capacity(
    run: Callable[[float], Metrics], low: float, high: float, *, share: float = 0.9, tolerance: float = TOLERANCE
) -> Capacity:
    """Bisect between two rates.

    Args:
        run: a simulation at a rate, measured against limits.
        low: the lowest rate of interest.
        high: the highest.
        share: of the requests that must meet the limits.
        tolerance: how close the bounds come, relative.
    """
    tried: list[tuple[float, float]] = []

    def meets(rate: float) -> Metrics | None:
        found = run(rate)
        tried.append((rate, found.within_slo or 0.0))
        return found if (found.within_slo or 0.0) >= share else None

    best = meets(low)
    if best is None:
        return Capacity(rate=0.0, metrics=None, tried=tuple(tried), open=False)
    if high > low and (top := meets(high)) is not None:
        return Capacity(rate=high, metrics=top, tried=tuple(tried), open=True)
    while high / low > 1.0 + tolerance:
        middle = (low * high) ** 0.5
        found = meets(middle)
        if found is None:
            high = middle
        else:
            low, best = middle, found
    return Capacity(rate=low, metrics=best, tried=tuple(sorted(tried)), open=False)
