"""The event loop: arrivals, and the ends of the steps or runs of every replica, in order of time.

idea:    a run of decode steps is one event. An arrival on the same replica cuts it short after the step that is under
         way, whose end the run's closed form says.
keeps:   an arrival at the very end of a step is seen by the decision that follows it; what happens to a replica at that
         moment comes before both.
"""

from __future__ import annotations

from typing import Any

from interlock.serving.core.lives import happen, retire, strand
from interlock.serving.core.plan import plan
from interlock.serving.core.pool import enter, join_landed, land
from interlock.serving.core.route import route
from interlock.serving.core.settle import settle
from interlock.serving.core.state import IDLE, NEVER, RUN, STEP, TIMER, Cells


def advance(req: Any, rep: Any, c: Cells, f: Cells, u: Any, t: Cells, e: Cells, until: int) -> float:
    """Simulate until `until` requests have arrived, or to the end if that is all of them; returns the time."""
    now: float = f[u.times]
    while True:
        p, end = -1, NEVER
        for i in range(u.replicas):
            if rep[i].until < end:
                p, end = i, rep[i].until
        link = -1
        for i in range(u.prefills):  # a cache that lands at the end of a step is seen by the decision that follows
            if rep[i].lands < NEVER and rep[i].lands <= end and (link < 0 or rep[i].lands < rep[link].lands):
                link, end = i, rep[i].lands
        r = c[u.marks + 2]
        coming = NEVER
        if r < len(req) and c[u.marks + 3] < u.concurrency:
            coming = max(req[r].arrival, now)  # later where a limit on those under way held it back
        if f[u.times + 1] <= min(coming, end) and f[u.times + 1] < NEVER:
            if r == len(req) and c[u.marks + 3] == 0:
                return now
            now = max(f[u.times + 1], now)
            happen(req, rep, c, f, now, u)
        elif coming <= end and coming < NEVER:
            if r >= until:
                f[u.times] = now
                return now
            now = coming
            req[r].arrival = now
            _arrive(req, rep, c, f, r, now, u)
        elif link >= 0:
            now = end
            land(req, rep, c, f, link, now, u)
        elif p < 0:
            return now
        else:
            now = end
            if rep[p].kind == STEP or rep[p].kind == RUN:
                settle(req, rep, c, f, p, now, u)
            if rep[p].landed > 0:
                join_landed(req, rep, c, f, p, u)
            plan(req, rep, c, f, p, now, u, t[rep[p].kind_of], e[rep[p].kind_of])
            if rep[p].kind == IDLE and rep[p].up != 1:
                retire(rep, p, now)


def _arrive(req: Any, rep: Any, c: Cells, f: Cells, r: int, now: float, u: Any) -> None:
    c[u.marks + 2] += 1
    c[u.marks + 3] += 1
    req[r].known = req[r].prompt
    if c[u.life + 2] == 0:
        strand(req, c, r, u)
    else:
        p = route(req, rep, c, f, r, u, 0, u.prefills if u.prefills > 0 else u.replicas)
        enter(req, rep, c, f, p, r, now, u)
    if c[u.marks + 2] == len(req):
        for i in range(u.replicas):
            if rep[i].kind == TIMER:
                rep[i].until = now
