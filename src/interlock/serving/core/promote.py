"""Promotion of who waits long: the first of a lower level moves to the highest after a time in the queue.

source: Wu et al., "Fast Distributed Inference Serving for Large Language Models", 2023 (FastServe): a job whose wait
        passes a limit goes back to the queue of the highest priority.
departs: only the first of each level is looked at, who need not be the one that has waited longest; behind it others
         become first in their turn, so that nobody starves.
"""

from __future__ import annotations

from typing import Any

from interlock.serving.core.queue import insert, pop
from interlock.serving.core.state import NEVER, Cells


def promote(req: Any, rep: Any, c: Cells, f: Cells, p: int, now: float, u: Any) -> None:
    """Move everyone whose patience has ended."""
    for level in range(1, u.groups):
        at = u.roots + p * u.groups + level
        while c[at] >= 0 and now >= req[c[at]].queued_at + u.promote_s:
            r = c[at]
            pop(req, rep, c, f, p, r, u)
            req[r].level = 0
            insert(req, rep, c, f, p, r, u)


def patience(req: Any, rep: Any, c: Cells, p: int, u: Any) -> float:
    """When the next promotion is due."""
    due = NEVER
    for level in range(1, u.groups):
        r = c[u.roots + p * u.groups + level]
        if r >= 0:
            due = min(due, req[r].queued_at + u.promote_s)
    return due
