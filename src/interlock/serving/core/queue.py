"""Waiting requests: a pairing heap for each group, and the choice among groups.

source: Fredman et al., "The pairing heap", Algorithmica 1986. Groups: none; clients, least served first (Sheng et al.,
        "Fairness in Serving Large Language Models", OSDI 2024, algorithm 1); or levels, lowest first (FastServe).
"""

from __future__ import annotations

from typing import Any

from interlock.serving.core.state import Cells


def before(req: Any, a: int, b: int) -> bool:
    """Whether request a goes first."""
    if req[a].key != req[b].key:
        return bool(req[a].key < req[b].key)
    return a < b


def meld(req: Any, a: int, b: int) -> int:
    """Two heaps as one; -1 is the empty heap."""
    if a < 0:
        return b
    if b < 0:
        return a
    if before(req, b, a):
        a, b = b, a
    req[b].sibling = req[a].child
    req[a].child = b
    return a


def group_of(req: Any, r: int, u: Any) -> int:
    """The queue that a request waits in."""
    if u.grouping == 1:
        return int(req[r].client)
    return int(req[r].level) if u.grouping == 2 else 0


def counter(rep: Any, c: Cells, f: Cells, p: int, g: int, u: Any) -> float:
    """Weighted tokens that a client has had, those of the steps since it was last looked at included."""
    at = p * u.groups + g
    return float(f[u.counters + at] + u.token_weight * c[u.live + at] * (rep[p].index + rep[p].ahead - c[u.seen + at]))


def sync(rep: Any, c: Cells, f: Cells, p: int, g: int, u: Any) -> None:
    """Bring a client's counter up to the present decode index."""
    at = p * u.groups + g
    f[u.counters + at] = counter(rep, c, f, p, g, u)
    c[u.seen + at] = rep[p].index + rep[p].ahead


def insert(req: Any, rep: Any, c: Cells, f: Cells, p: int, r: int, u: Any) -> None:
    """Put a request into its queue."""
    at = p * u.groups + group_of(req, r, u)
    req[r].child = -1
    req[r].sibling = -1
    if u.promote_s > 0.0:
        req[r].queued_at = rep[p].now
    c[u.roots + at] = meld(req, c[u.roots + at], r)
    c[u.queued + at] += 1
    rep[p].waiting += 1
    rep[p].dirty = 1


def lift(req: Any, rep: Any, c: Cells, f: Cells, p: int, r: int, u: Any) -> None:
    """A client that comes back does not keep the credit of its absence (algorithm 1, lines 7 to 13)."""
    g = req[r].client
    at = p * u.groups + g
    if u.grouping != 1 or c[u.queued + at] > 0:
        return
    floor = -1.0
    if rep[p].waiting > 0:
        for other in range(u.groups):
            if c[u.queued + p * u.groups + other] > 0:
                value = counter(rep, c, f, p, other, u)
                if floor < 0.0 or value < floor:
                    floor = value
    elif rep[p].last_client >= 0:
        floor = counter(rep, c, f, p, rep[p].last_client, u)
    sync(rep, c, f, p, g, u)
    f[u.counters + at] = max(f[u.counters + at], floor)


def peek(rep: Any, c: Cells, f: Cells, p: int, u: Any) -> int:
    """The request that is next in order, which stays where it is."""
    if u.grouping == 0:
        return int(c[u.roots + p])
    best, least = -1, 0.0
    for g in range(u.groups):
        root = c[u.roots + p * u.groups + g]
        if root >= 0:
            value = counter(rep, c, f, p, g, u) if u.grouping == 1 else float(g)
            if best < 0 or value < least:
                best, least = root, value
                if u.grouping == 2:
                    break
    return int(best)


def pop(req: Any, rep: Any, c: Cells, f: Cells, p: int, r: int, u: Any) -> None:
    """Take the first request of its queue out."""
    at = p * u.groups + group_of(req, r, u)
    c[u.roots + at] = rest(req, r)
    c[u.queued + at] -= 1
    rep[p].waiting -= 1
    if u.grouping == 1:
        rep[p].last_client = req[r].client


def rest(req: Any, r: int) -> int:
    """A heap without its first request: its children are melded in pairs, then from the last pair back."""
    pairs = -1
    child = req[r].child
    while child >= 0:
        other = req[child].sibling
        follower = req[other].sibling if other >= 0 else -1
        req[child].sibling = -1
        if other >= 0:
            req[other].sibling = -1
        joined = meld(req, child, other)
        req[joined].sibling = pairs
        pairs = joined
        child = follower
    root = -1
    while pairs >= 0:
        follower = req[pairs].sibling
        req[pairs].sibling = -1
        root = meld(req, root, pairs)
        pairs = follower
    return root
