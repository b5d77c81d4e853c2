"""From replicas that read prompts to those that decode: who goes where, and what happens when a cache has landed."""

from __future__ import annotations

from typing import Any

from interlock.serving.core.batch import drop, end_filling, join
from interlock.serving.core.link import arrived
from interlock.serving.core.memory import take_back
from interlock.serving.core.plan import passed_steps, shorten
from interlock.serving.core.queue import insert, lift
from interlock.serving.core.route import route
from interlock.serving.core.state import IDLE, MOVING, RUN, TIMER, WAITING, Cells


def enter(req: Any, rep: Any, c: Cells, f: Cells, p: int, r: int, now: float, u: Any) -> None:
    """A request joins the queue of a replica, which looks at it at its next decision."""
    req[r].replica = p
    rep[p].now = now
    rep[p].assigned += 1
    rep[p].work += req[r].prompt + req[r].expected
    rep[p].ahead = passed_steps(rep, p, now) if rep[p].kind == RUN else 0  # not settled yet, but they count
    lift(req, rep, c, f, p, r, u)
    rep[p].ahead = 0
    insert(req, rep, c, f, p, r, u)
    wake(rep, p, now, u)


def wake(rep: Any, p: int, now: float, u: Any) -> None:
    """Something has changed: an idle replica decides now, one in a run of steps after the step under way."""
    if rep[p].kind == IDLE or rep[p].kind == TIMER:
        rep[p].until = now  # everything of this moment comes before the decision
    elif rep[p].kind == RUN and u.gang == 0:
        shorten(rep, p, passed_steps(rep, p, now))


def hand_over(req: Any, rep: Any, c: Cells, f: Cells, p: int, r: int, now: float, u: Any) -> None:
    """A prompt has been read: its request decodes elsewhere, and its cache stays here until it has landed there."""
    end_filling(req, rep, c, f, p, r, u)
    rep[p].reading += req[r].known  # still here
    drop(req, rep, c, p, r, u)
    req[r].parked = req[r].private
    req[r].private = 0
    rep[p].parked += 1
    rep[p].assigned -= 1
    rep[p].work -= req[r].prompt + req[r].expected
    req[r].source = p
    req[r].hidden = now - rep[p].since
    req[r].swapped = 1
    req[r].state = WAITING
    req[r].known = req[r].prompt + req[r].made
    q = route(req, rep, c, f, r, u, u.prefills, u.replicas - u.prefills)
    enter(req, rep, c, f, q, r, now, u)


def land(req: Any, rep: Any, c: Cells, f: Cells, s: int, now: float, u: Any) -> None:
    """The cache that comes next over a link is where it was sent."""
    r = arrived(req, rep, s)
    take_back(req, rep, c, f, s, r, u, req[r].parked)
    rep[s].reading -= req[r].known - 1
    rep[s].parked -= 1
    rep[s].dirty = 1
    req[r].parked = 0
    req[r].source = -1
    p = req[r].replica
    c[u.landed + p * u.seqs + rep[p].landed] = r
    rep[p].landed += 1
    wake(rep, s, now, u)
    wake(rep, p, now, u)


def join_landed(req: Any, rep: Any, c: Cells, f: Cells, p: int, u: Any) -> None:
    """Whose cache has landed decodes from this step on."""
    for i in range(rep[p].landed):
        r = c[u.landed + p * u.seqs + i]
        if req[r].state == MOVING:
            rep[p].reading -= req[r].known
            join(req, rep, c, f, p, r, u)
    rep[p].landed = 0
