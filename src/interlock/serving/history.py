"""A simulation over time, and its distributions: what charts are drawn from.

keeps:   a point is the mean over its span, not a sample; nan where the trace of steps had ended.
departs: requests that were preempted count as running until they finish; an answer's tokens are spread evenly from its
         first to its last.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from interlock.serving.fairness import CLIENTS, LONGEST, edges_of, service
from interlock.serving.metrics import latencies
from interlock.serving.passing import Floats, mean_under_way, spread_evenly
from interlock.serving.simulation import Outcome
from interlock.serving.spread import gap_quantiles

TRACE_ROWS: Final = 500_000  # steps that a history is made of
LEVELS: Final = (*range(100), 99.5, 99.9, 100)  # percent
Points = tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Columns over equal spans of time; `quantiles` at `LEVELS`, seconds.

    `held` is a share of the cache; `service` is weighted tokens up to the middle of a span, of the largest clients.
    """

    begin_s: float
    end_s: float  # of all requests, also where spans end before
    time_s: Points
    waiting: Points
    running: Points
    tokens_per_s: Points
    held: Points
    service: dict[str, Points]
    quantiles: dict[str, Points]


def history(outcome: Outcome) -> History:
    """The history of a simulation, with blocks where its trace was kept."""
    edges = edges_of(outcome, LONGEST)
    begin = outcome.admitted_s
    made = spread_evenly(outcome.first_s, outcome.finish_s, edges, outcome.requests.output * outcome.requests.samples)
    columns = {**latencies(outcome), "queue": outcome.admitted_s - outcome.arrival_s}
    quantiles = {name: _points(_quantiles(column)) for name, column in columns.items()}
    middle = (edges[1:] + edges[:-1]) / 2.0
    clients = service(outcome, middle) if len(outcome.requests.clients) > 1 else {}
    largest = sorted(clients, key=lambda name: -clients[name][-1])[:CLIENTS]
    return History(
        begin_s=float(edges[0]),
        end_s=float(np.max(outcome.finish_s)),
        time_s=_points(middle - edges[0]),
        waiting=_points(mean_under_way(outcome.arrival_s, begin, edges)),
        running=_points(mean_under_way(begin, outcome.finish_s, edges)),
        tokens_per_s=_points(np.diff(made) / np.diff(edges)),
        held=_points(_held(outcome, edges)),
        service={name: _points(clients[name]) for name in largest},
        quantiles={**quantiles, "itl": _points(gap_quantiles(outcome, list(LEVELS))) if outcome.gaps.any() else ()},
    )


def _held(outcome: Outcome, edges: Floats) -> Floats:
    """Share of all blocks that somebody holds."""
    rows = outcome.segments
    if not len(rows):
        return np.full(edges.size - 1, np.nan)
    begin, end, blocks = rows[:, 1], rows[:, 1] + rows[:, 2], rows[:, 6]
    found = mean_under_way(begin, end, edges, blocks) / float(np.sum(outcome.replicas["blocks"]))
    return np.where(edges[1:] <= _recorded(outcome), found, np.nan)


def _recorded(outcome: Outcome) -> float:
    """The moment up to which the trace says everything; it ends when its rows do."""
    steps = int(np.sum(outcome.replicas["events"]))
    return math.inf if len(outcome.segments) >= steps else float(outcome.segments[-1, 1])


def _quantiles(column: Floats) -> Floats:
    known = column[np.isfinite(column)]
    return np.percentile(known, LEVELS) if known.size else np.zeros(0)


def _points(column: Floats) -> Points:
    """Six digits, as charts need them."""
    return tuple(float(f"{value:.6g}") for value in column)
