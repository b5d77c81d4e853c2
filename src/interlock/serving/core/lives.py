"""What happens to a replica: it is bought, comes up, is told to go, goes down; and where its requests go then.

idea:    events are a column in order of time. A replica that goes down takes the step under way and all caches with it;
         its requests are routed again, with the tokens that they have, and read again. One that is told to go takes
         nothing new, sends those that wait elsewhere, and is given up when it is empty. Where caches are moved before a
         replica goes (Miao et al., SpotServe, ASPLOS 2024), its requests go on where they were.
keeps:   no request is lost and no token made twice; requests for which no replica is up wait in one queue, first by
         key; all events of a moment come before anybody is routed.
departs: what a step that is lost has drawn is counted whole; a half-read prompt is read again even where caches move.
"""

from __future__ import annotations

from typing import Any, Final

from interlock.serving.core.batch import put_out
from interlock.serving.core.memory import written
from interlock.serving.core.plan import passed_steps, span
from interlock.serving.core.pool import enter
from interlock.serving.core.queue import insert, meld, peek, pop, rest
from interlock.serving.core.route import route
from interlock.serving.core.settle import settle
from interlock.serving.core.state import DECODING, FINISHED, IDLE, NEVER, RUN, Cells

BOUGHT: Final = 0
UP: Final = 1
TOLD: Final = 2  # takes nothing new
DOWN: Final = 3
MOVED: Final = 4  # down, but the caches of its requests have been moved


def happen(req: Any, rep: Any, c: Cells, f: Cells, now: float, u: Any) -> None:
    """Everything that is due; then requests without a replica find one."""
    while c[u.life] < u.events and f[u.event_at + c[u.life]] <= now:
        p, kind = c[u.event_of + c[u.life]], c[u.event_kind + c[u.life]]
        c[u.life] += 1
        if kind == BOUGHT:
            if rep[p].bought < 0.0:
                rep[p].bought = now
        elif kind == UP:
            c[u.life + 2] += 1 if rep[p].up != 1 else 0
            if rep[p].up == 0:
                _clear(rep, c, f, p, u)
            rep[p].up = 1
            if rep[p].bought < 0.0:
                rep[p].bought = now
        elif kind == TOLD:
            _tell(req, rep, c, f, p, now, u)
        else:
            _down(req, rep, c, f, p, now, u, 1 if kind == MOVED else 0)
    f[u.times + 1] = f[u.event_at + c[u.life]] if c[u.life] < u.events else NEVER
    while c[u.life + 1] >= 0 and c[u.life + 2] > 0:
        r = c[u.life + 1]
        c[u.life + 1] = rest(req, r)
        enter(req, rep, c, f, route(req, rep, c, f, r, u, 0, u.replicas), r, now, u)


def strand(req: Any, c: Cells, r: int, u: Any) -> None:
    """A request waits for a replica to go to."""
    req[r].child = -1
    req[r].sibling = -1
    c[u.life + 1] = meld(req, c[u.life + 1], r)


def retire(rep: Any, p: int, now: float) -> None:
    """A replica that takes nothing new and has nothing left is given up."""
    if rep[p].up == 2 and rep[p].running == 0 and rep[p].waiting == 0:
        rep[p].up = 0
    if rep[p].up == 0 and rep[p].bought >= 0.0:
        rep[p].paid_s += now - rep[p].bought
        rep[p].bought = -1.0


def _tell(req: Any, rep: Any, c: Cells, f: Cells, p: int, now: float, u: Any) -> None:
    """No new requests; those that wait go elsewhere, but for those whose cache is on this host."""
    if rep[p].up != 1:
        return
    rep[p].up = 2
    c[u.life + 2] -= 1
    staying = -1
    while rep[p].waiting > 0:
        r = peek(rep, c, f, p, u)
        pop(req, rep, c, f, p, r, u)
        if req[r].swapped:
            req[r].child = -1
            req[r].sibling = -1
            staying = meld(req, staying, r)
        else:
            _forget(req, rep, p, r)
            strand(req, c, r, u)
    while staying >= 0:
        r = staying
        staying = rest(req, r)
        since = req[r].queued_at
        insert(req, rep, c, f, p, r, u)
        req[r].queued_at = since
    if rep[p].running == 0:
        retire(rep, p, now)


def _down(req: Any, rep: Any, c: Cells, f: Cells, p: int, now: float, u: Any, moves: int) -> None:
    """Everybody leaves, and the replica is as it was at first."""
    if rep[p].up == 1:
        c[u.life + 2] -= 1
    rep[p].up = 0
    retire(rep, p, now)
    if rep[p].kind != IDLE and rep[p].running > 0:
        rep[p].interrupted += 1
        _interrupt(req, rep, c, f, p, now, u)
    while rep[p].running > 0:
        r = c[u.running + p * u.seqs + rep[p].running - 1]
        decoded = 1 if req[r].state == DECODING else 0
        tokens = put_out(req, rep, c, f, p, r, u)
        if req[r].made >= req[r].output:  # it waited for others of its batch
            req[r].state = FINISHED
            req[r].finish = now
            c[u.marks + 3] -= 1
            _forget(req, rep, p, r)
            continue
        if moves and (decoded or req[r].swapped):
            req[r].swapped = 1
            rep[p].swapped_tokens += written(req, r) - req[r].width
        else:
            _lose(req, rep, p, r, tokens)
        req[r].rerouted += 1
        _forget(req, rep, p, r)
        strand(req, c, r, u)
    while rep[p].waiting > 0:
        r = peek(rep, c, f, p, u)
        pop(req, rep, c, f, p, r, u)
        if not moves:
            _lose(req, rep, p, r, 0)
        _forget(req, rep, p, r)
        strand(req, c, r, u)
    _clear(rep, c, f, p, u)


def _lose(req: Any, rep: Any, p: int, r: int, tokens: int) -> None:
    """A cache is gone, from this replica or from its host."""
    lost = written(req, r) - req[r].width if req[r].swapped else tokens
    req[r].swapped = 0
    rep[p].recomputed += lost
    rep[p].lost += lost


def _forget(req: Any, rep: Any, p: int, r: int) -> None:
    rep[p].assigned -= 1
    rep[p].work -= req[r].prompt + req[r].expected


def _interrupt(req: Any, rep: Any, c: Cells, f: Cells, p: int, now: float, u: Any) -> None:
    """Steps that have ended count; the one under way does not."""
    if rep[p].kind == RUN:
        whole = passed_steps(rep, p, now)
        if whole > 0:
            rep[p].steps = whole
            ended = rep[p].since + span(rep, p, whole)
            settle(req, rep, c, f, p, ended, u)
            rep[p].since = ended
    rep[p].busy_s += now - rep[p].since


def _clear(rep: Any, c: Cells, f: Cells, p: int, u: Any) -> None:
    rep[p].kind, rep[p].until = IDLE, NEVER
    rep[p].free, rep[p].private, rep[p].shared, rep[p].resident = rep[p].blocks, 0, 0, 0
    rep[p].oldest, rep[p].newest, rep[p].heap, rep[p].fresh = -1, -1, 0, 0
    rep[p].delay, rep[p].last_client, rep[p].dirty = 0.0, -1, 1
    for i in range(u.prefix_blocks):
        c[u.pinned + p * u.prefix_blocks + i] = -1
    for g in range(u.groups):
        f[u.counters + p * u.groups + g] = 0.0
        c[u.seen + p * u.groups + g] = rep[p].index
