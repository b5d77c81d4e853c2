"""A distribution in a few numbers: of a column, or of the gaps between tokens, which are kept as a histogram."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interlock.serving.core.state import FIRST_GAP, GAP_RATIO
from interlock.serving.simulation import Outcome

Floats = NDArray[np.float64]
PERCENTILES: Final = {"low": 0, "p1": 1, "p5": 5, "p10": 10, "p25": 25, "p50": 50, "p75": 75, "p90": 90, "p95": 95,
                      "p99": 99, "high": 100}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How many there are, their mean, deviation (of the population) and percentiles; nan where there are none."""

    count: int
    mean: float
    std: float
    low: float
    p1: float
    p5: float
    p10: float
    p25: float
    p50: float
    p75: float
    p90: float
    p95: float
    p99: float
    high: float


def spread_of(column: Floats) -> Spread:
    """The spread of what is finite in a column."""
    known = column[np.isfinite(column)]
    if not known.size:
        return Spread(count=0, mean=math.nan, std=math.nan, **dict.fromkeys(PERCENTILES, math.nan))
    found = dict(zip(PERCENTILES, np.percentile(known, list(PERCENTILES.values())).tolist(), strict=True))
    return Spread(count=int(known.size), mean=float(known.mean()), std=float(known.std()), **found)


def gaps_of(outcome: Outcome) -> Spread:
    """Gaps between tokens, in bins that are 1 % wide; mean and deviation are exact."""
    count = int(outcome.gaps.sum())
    if count == 0:
        return spread_of(np.zeros(0))
    mean = float(np.sum(outcome.replicas["gap_sum"])) / count
    squares = float(np.sum(outcome.replicas["gap_squares"])) / count
    found = dict(zip(PERCENTILES, gap_quantiles(outcome, list(PERCENTILES.values())).tolist(), strict=True))
    return Spread(count=count, mean=mean, std=math.sqrt(max(squares - mean**2, 0.0)), **found)


def gap_quantiles(outcome: Outcome, percents: list[float] | list[int]) -> Floats:
    """Percentiles of the gaps: the middles of their bins."""
    below = np.cumsum(outcome.gaps)
    wanted = np.maximum(np.asarray(percents) / 100.0 * below[-1], 0.5)
    bins = np.minimum(np.searchsorted(below, wanted), outcome.gaps.size - 1)
    found: Floats = FIRST_GAP * np.exp(GAP_RATIO * (bins + 0.5))
    return found
