"""The batch of a replica: who is in it, how they enter and leave, and who is preempted when memory runs out."""

from __future__ import annotations

from typing import Any

from interlock.serving.core.ends import push_end
from interlock.serving.core.link import send
from interlock.serving.core.memory import allocate, release, spared, written
from interlock.serving.core.queue import insert, sync
from interlock.serving.core.state import DECODING, FILLING, FINISHED, MOVING, RESTORING, WAITING, Cells


def admit(req: Any, rep: Any, c: Cells, f: Cells, p: int, r: int, now: float, u: Any) -> None:
    """Give a request its memory and a place in the batch; its prompt is read from the next step on."""
    if not u.grows:
        req[r].reserve = max(req[r].reserve, req[r].known + 1)
    hits = allocate(req, rep, c, f, p, r, u)
    req[r].slot = rep[p].running
    c[u.running + p * u.seqs + rep[p].running] = r
    rep[p].running += 1
    rep[p].seats += req[r].width
    rep[p].order += 1
    req[r].order = rep[p].order
    req[r].chunk = 0
    rep[p].reading += req[r].known
    if req[r].swapped and req[r].source >= 0:
        req[r].state = MOVING
        req[r].left = 0
        send(req, rep, r, now, u)
        return
    c[u.filling + p * u.seqs + rep[p].filling] = r
    rep[p].filling += 1
    if req[r].swapped:
        req[r].state = RESTORING
        req[r].left = 0
        rep[p].delay += (written(req, r) - req[r].width) * max(u.swap_s, 0.0)
        return
    req[r].state = FILLING
    req[r].cached = min(hits, req[r].known - 1)
    req[r].left = written(req, r) - req[r].cached
    rep[p].hit_tokens += req[r].cached
    rep[p].asked_tokens += req[r].known
    if req[r].admitted < 0.0:
        req[r].admitted = now
        if u.grouping == 1:
            sync(rep, c, f, p, req[r].client, u)
            f[u.counters + p * u.groups + req[r].client] += u.prompt_weight * req[r].prompt


def end_filling(req: Any, rep: Any, c: Cells, f: Cells, p: int, r: int, u: Any) -> None:
    """Take a request out of those whose prompt is being read; the others keep their order."""
    base, i = p * u.seqs, 0
    while c[u.filling + base + i] != r:
        i += 1
    rep[p].filling -= 1
    while i < rep[p].filling:
        c[u.filling + base + i] = c[u.filling + base + i + 1]
        i += 1
    rep[p].reading -= req[r].known


def start_decoding(req: Any, rep: Any, c: Cells, f: Cells, p: int, r: int, u: Any) -> None:
    """From the next decode step on a request gets a token a step, until its boundary."""
    end_filling(req, rep, c, f, p, r, u)
    join(req, rep, c, f, p, r, u)


def join(req: Any, rep: Any, c: Cells, f: Cells, p: int, r: int, u: Any) -> None:
    """A request whose cache is here is among those that decode."""
    index = rep[p].index
    req[r].base = req[r].known - (1 if req[r].swapped else 0)
    req[r].swapped = 0
    req[r].state = DECODING
    req[r].start = index
    rep[p].decodes += req[r].width
    rep[p].context += req[r].width * req[r].base
    if req[r].width > 1:
        rep[p].shared += spared(req, r, u) * u.block
        rep[p].spared += spared(req, r, u)
    if u.grows and u.drafts == 0:
        c[u.growth + p * u.block + (index - req[r].base) % u.block] += req[r].width
    if u.grouping == 1:
        sync(rep, c, f, p, req[r].client, u)
        c[u.live + p * u.groups + req[r].client] += req[r].width
    c[u.fresh + p * u.seqs + rep[p].fresh] = r
    rep[p].fresh += 1
    set_boundary(req, rep, c, f, p, r, u)


def set_boundary(req: Any, rep: Any, c: Cells, f: Cells, p: int, r: int, u: Any) -> None:
    """The decode index at which a request is done, or has used up its reservation or its quantum."""
    index = rep[p].index
    made = req[r].made + index - req[r].start
    longest = rep[p].longest if u.gang > 0 else req[r].output
    end = index + longest - made
    if not u.grows and u.gang == 0:
        end = min(end, req[r].start + req[r].reserve - req[r].base)
    if u.grouping == 2:
        end = min(end, index + c[u.quanta + req[r].level])
    req[r].boundary = end
    if u.drafts == 0:
        push_end(req, rep, c, f, p, r, u)


def _stop_decoding(req: Any, rep: Any, c: Cells, f: Cells, p: int, r: int, u: Any) -> int:
    """Take a request out of the decoding ones; returns the blocks that it has got since."""
    steps = rep[p].index - req[r].start
    context = req[r].base + steps
    rep[p].decodes -= req[r].width
    rep[p].context -= req[r].width * context
    if req[r].width > 1:
        rep[p].shared -= spared(req, r, u) * u.block
        rep[p].spared -= spared(req, r, u)
    req[r].made += steps
    if steps > 0:
        req[r].last = rep[p].last_decode
    else:
        _forget_fresh(rep, c, f, p, r, u)
    if u.grouping == 1:
        sync(rep, c, f, p, req[r].client, u)
        c[u.live + p * u.groups + req[r].client] -= req[r].width
    if not u.grows or u.drafts > 0:
        return 0
    c[u.growth + p * u.block + (req[r].start - req[r].base) % u.block] -= req[r].width
    grown = (context + u.block - 1) // u.block - (req[r].base + u.block - 1) // u.block
    return int(req[r].width * grown)


def _forget_fresh(rep: Any, c: Cells, f: Cells, p: int, r: int, u: Any) -> None:
    """A request that leaves before its first decode step is not among those that joined."""
    kept = 0
    for i in range(rep[p].fresh):
        other = c[u.fresh + p * u.seqs + i]
        if other != r:
            c[u.fresh + p * u.seqs + kept] = other
            kept += 1
    rep[p].fresh = kept


def _leave(req: Any, rep: Any, c: Cells, f: Cells, p: int, r: int, u: Any, grown: int) -> None:
    release(req, rep, c, f, p, r, u, grown)
    drop(req, rep, c, p, r, u)


def drop(req: Any, rep: Any, c: Cells, p: int, r: int, u: Any) -> None:
    """Take a request out of the batch."""
    rep[p].running -= 1
    rep[p].seats -= req[r].width
    last = c[u.running + p * u.seqs + rep[p].running]
    c[u.running + p * u.seqs + req[r].slot] = last
    req[last].slot = req[r].slot
    req[r].slot = -1
    rep[p].dirty = 1


def finish(req: Any, rep: Any, c: Cells, f: Cells, p: int, r: int, now: float, u: Any) -> None:
    """A request has its last token."""
    grown = 0
    if req[r].state == DECODING:
        grown = _stop_decoding(req, rep, c, f, p, r, u)
    else:
        end_filling(req, rep, c, f, p, r, u)
    _leave(req, rep, c, f, p, r, u, grown)
    req[r].state = FINISHED
    req[r].finish = now
    c[u.marks + 3] -= 1
    rep[p].assigned -= 1
    rep[p].work -= req[r].prompt + req[r].expected


def preempt(req: Any, rep: Any, c: Cells, f: Cells, p: int, r: int, u: Any) -> None:
    """Send a request back to its queue; its cache goes to the host or is forgotten."""
    decoding = req[r].state == DECODING
    tokens = put_out(req, rep, c, f, p, r, u)
    if decoding and u.swap_s >= 0.0:
        req[r].swapped = 1
        rep[p].delay += tokens * u.swap_s
        rep[p].swapped_tokens += tokens
    else:
        rep[p].recomputed += tokens
    req[r].preempted += 1
    rep[p].preemptions += 1
    insert(req, rep, c, f, p, r, u)


def put_out(req: Any, rep: Any, c: Cells, f: Cells, p: int, r: int, u: Any) -> int:
    """Take a request out of the batch; returns the tokens that were computed here and are in its cache no more."""
    grown, tokens = 0, 0
    if req[r].state == DECODING:
        grown = _stop_decoding(req, rep, c, f, p, r, u)
        req[r].known = req[r].prompt + req[r].made
        tokens = written(req, r) - req[r].width
    else:  # a half-read prompt is read again; a cache that was on its way back is still on the host
        if req[r].state == FILLING:
            tokens = written(req, r) - req[r].cached - req[r].left
        end_filling(req, rep, c, f, p, r, u)
    _leave(req, rep, c, f, p, r, u, grown)
    req[r].state = WAITING
    return int(tokens)


def victim(req: Any, rep: Any, c: Cells, f: Cells, p: int, u: Any, decoding: int) -> int:
    """Who is preempted: the one admitted last, or the last in the order of the queue; -1 if nobody can be."""
    found = -1
    for i in range(rep[p].running):
        r = c[u.running + p * u.seqs + i]
        if req[r].state == MOVING or (decoding and req[r].state != DECODING):
            continue
        if found < 0 or _worse(req, r, found, u):
            found = r
    return found


def _worse(req: Any, a: int, b: int, u: Any) -> bool:
    if u.worst_first:
        if u.grouping == 2 and req[a].level != req[b].level:
            return bool(req[a].level > req[b].level)
        if req[a].key != req[b].key:
            return bool(req[a].key > req[b].key)
        return a > b
    return bool(req[a].order > req[b].order)
