"""Counts over time from the moments at which each of them begins and ends: exact means over spans of time.

idea: with R(t) = sum of w max(0, t - begin), the integral of what is under way up to t is R of beginnings minus R of
      ends; both are prefix sums over sorted moments, so a million requests cost one sort.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def passed(at: Any, edges: Floats, weight: Any = 1.0) -> Floats:
    """R at each edge, for moments of which infinite ones never come."""
    at = np.asarray(at, dtype=float)
    weights = np.broadcast_to(np.asarray(weight, dtype=float), at.shape)
    known = np.isfinite(at)
    at, weights = at[known], weights[known]
    order = np.argsort(at, kind="stable")
    at, weights = at[order], weights[order]
    since = edges[0] if edges.size else 0.0  # near the times, so that large ones lose no digits
    many = np.concatenate([[0.0], np.cumsum(weights)])
    moments = np.concatenate([[0.0], np.cumsum(weights * (at - since))])
    before = np.searchsorted(at, edges, side="right")
    found: Floats = many[before] * (edges - since) - moments[before]
    return found


def mean_under_way(begin: Any, end: Any, edges: Floats, weight: Any = 1.0) -> Floats:
    """The mean over each span between two edges of the weights that have begun and not ended."""
    found: Floats = np.diff(passed(begin, edges, weight) - passed(end, edges, weight)) / np.diff(edges)
    return found


def happened(at: Any, edges: Floats, weight: Any = 1.0) -> Floats:
    """The weights of what has happened up to each edge."""
    at = np.asarray(at, dtype=float)
    order = np.argsort(at, kind="stable")
    sums = np.concatenate([[0.0], np.cumsum(np.broadcast_to(np.asarray(weight, dtype=float), at.shape)[order])])
    found: Floats = sums[np.searchsorted(at[order], edges, side="right")]
    return found


def spread_evenly(begin: Any, end: Any, edges: Floats, amount: Any) -> Floats:
    """How much has come up to each edge of amounts that come evenly between two moments, or all at once."""
    begin, end = np.asarray(begin, dtype=float), np.asarray(end, dtype=float)
    amount = np.broadcast_to(np.asarray(amount, dtype=float), begin.shape)
    takes = end > begin
    pace = amount[takes] / (end - begin)[takes]
    found: Floats = passed(begin[takes], edges, pace) - passed(end[takes], edges, pace)
    return found + happened(begin[~takes], edges, amount[~takes])
