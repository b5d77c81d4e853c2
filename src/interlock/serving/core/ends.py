"""When something ends: a binary heap a replica of (decode index, request), in which stale entries are skipped."""

from __future__ import annotations

from typing import Any

from interlock.serving.core.state import DECODING, Cells


def push_end(req: Any, rep: Any, c: Cells, f: Cells, p: int, r: int, u: Any) -> None:
    """Remember that a request's boundary is reached at a decode index."""
    if rep[p].heap >= 4 * u.seqs:
        _compact(req, rep, c, f, p, u)
    _enter(rep, c, f, p, req[r].boundary, r, u)


def _enter(rep: Any, c: Cells, f: Cells, p: int, at: int, r: int, u: Any) -> None:
    base, i = p * 4 * u.seqs, rep[p].heap
    rep[p].heap += 1
    while i > 0:
        up = (i - 1) // 2
        if c[u.heap_at + base + up] < at or (c[u.heap_at + base + up] == at and c[u.heap_of + base + up] < r):
            break
        c[u.heap_at + base + i], c[u.heap_of + base + i] = c[u.heap_at + base + up], c[u.heap_of + base + up]
        i = up
    c[u.heap_at + base + i], c[u.heap_of + base + i] = at, r


def first_end(req: Any, rep: Any, c: Cells, f: Cells, p: int, u: Any) -> int:
    """The request whose boundary comes first; -1 if none."""
    base = p * 4 * u.seqs
    while rep[p].heap > 0:
        r = c[u.heap_of + base]
        if req[r].state == DECODING and req[r].replica == p and req[r].boundary == c[u.heap_at + base]:
            return int(r)
        drop_end(rep, c, f, p, u)
    return -1


def drop_end(rep: Any, c: Cells, f: Cells, p: int, u: Any) -> None:
    """Remove the first entry."""
    base = p * 4 * u.seqs
    rep[p].heap -= 1
    n = rep[p].heap
    at, r = c[u.heap_at + base + n], c[u.heap_of + base + n]
    i = 0
    while True:
        down = 2 * i + 1
        if down >= n:
            break
        right = down + 1
        if right < n and (
            c[u.heap_at + base + right] < c[u.heap_at + base + down]
            or (
                c[u.heap_at + base + right] == c[u.heap_at + base + down]
                and c[u.heap_of + base + right] < c[u.heap_of + base + down]
            )
        ):
            down = right
        if at < c[u.heap_at + base + down] or (at == c[u.heap_at + base + down] and r < c[u.heap_of + base + down]):
            break
        c[u.heap_at + base + i], c[u.heap_of + base + i] = c[u.heap_at + base + down], c[u.heap_of + base + down]
        i = down
    if n > 0:
        c[u.heap_at + base + i], c[u.heap_of + base + i] = at, r


def _compact(req: Any, rep: Any, c: Cells, f: Cells, p: int, u: Any) -> None:
    rep[p].heap = 0
    for i in range(rep[p].running):
        r = c[u.running + p * u.seqs + i]
        if req[r].state == DECODING:
            _enter(rep, c, f, p, req[r].boundary, r, u)
