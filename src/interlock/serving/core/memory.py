"""The KV cache of a replica: blocks that sequences own, and prefix blocks that they share.

idea:    whole prefix blocks of a prompt are known by an id that stands for everything before them, too. A block that
         nobody holds stays cached until its room is needed, least recently used first; the blocks of a request are
         let go from the last to the first, so that a chain loses its tail before its head.
source:  Kwon et al., "Efficient Memory Management for LLM Serving with PagedAttention", SOSP 2023, section 4.
departs: a block can be shared from the moment its first owner is admitted, not from when it has been computed.
"""

from __future__ import annotations

from typing import Any

from interlock.serving.core.foresee import future_peak
from interlock.serving.core.state import Cells


def own_blocks(req: Any, r: int, u: Any) -> int:
    """Blocks that a request needs for itself when it is admitted."""
    tokens = req[r].known - (1 if req[r].swapped else 0)
    if not u.grows:
        tokens = max(req[r].reserve, tokens + 1)
    blocks = req[r].width * ((tokens + u.block - 1) // u.block) - spared(req, r, u)
    return int(blocks - req[r].prefixes * (u.prefix_tokens // u.block))


def spared(req: Any, r: int, u: Any) -> int:
    """Blocks that the answers to one prompt need not have twice: those that the prompt fills; they copy its last."""
    if req[r].width == 1 or not u.grows:
        return 0
    return int((req[r].width - 1) * (req[r].prompt // u.block))


def written(req: Any, r: int) -> int:
    """Tokens of which a request's caches are made: its prompt, and what each of its answers has."""
    return int(req[r].known + (req[r].width - 1) * req[r].made)


def matched(req: Any, c: Cells, f: Cells, p: int, r: int, u: Any) -> int:
    """Leading prefix blocks of a request that a replica has cached."""
    width = u.prefix_blocks
    count = 0
    while count < req[r].prefixes and c[u.pinned + p * width + c[u.prefix + req[r].prefix_at + count]] >= 0:
        count += 1
    return count


def fits(req: Any, rep: Any, c: Cells, f: Cells, p: int, r: int, u: Any) -> bool:
    """Whether a request can be given its blocks now, evicting what nobody holds."""
    need = own_blocks(req, r, u)
    room = rep[p].free
    if req[r].prefixes > 0:
        size, width = u.prefix_tokens // u.block, u.prefix_blocks
        room += rep[p].resident * size
        for i in range(req[r].prefixes):
            held = c[u.pinned + p * width + c[u.prefix + req[r].prefix_at + i]]
            if held <= 0:  # absent: a new block; idle: one that can no longer be evicted
                need += size
    elif u.prefix_tokens > 0:
        room += rep[p].resident * (u.prefix_tokens // u.block)
    reserve = rep[p].watermark if rep[p].running > 0 else 0
    if u.foresees and rep[p].running > 0 and future_peak(req, rep, c, p, r, u) > rep[p].blocks * u.block:
        return False
    return bool(need + reserve <= room)


def allocate(req: Any, rep: Any, c: Cells, f: Cells, p: int, r: int, u: Any) -> int:
    """Give a request its blocks; returns the prompt tokens whose cache it found."""
    own = own_blocks(req, r, u)
    hits = 0
    if req[r].prefixes > 0:
        size, width = u.prefix_tokens // u.block, u.prefix_blocks
        hits = matched(req, c, f, p, r, u)
        for i in range(req[r].prefixes):
            at = p * width + c[u.prefix + req[r].prefix_at + i]
            if c[u.pinned + at] == 0:
                _unlink(rep, c, p, at - p * width, u)
            if c[u.pinned + at] >= 0:
                c[u.pinned + at] += 1
        for i in range(req[r].prefixes):
            at = p * width + c[u.prefix + req[r].prefix_at + i]
            if c[u.pinned + at] < 0:
                take(rep, c, f, p, size, u)
                c[u.pinned + at] = 1
    take(rep, c, f, p, own, u)
    req[r].private = own
    rep[p].private += own
    rep[p].shared += req[r].prefixes * u.prefix_tokens
    return int(hits * u.prefix_tokens)


def release(req: Any, rep: Any, c: Cells, f: Cells, p: int, r: int, u: Any, grown: int) -> None:
    """Take everything back; `grown` blocks came after admission."""
    take_back(req, rep, c, f, p, r, u, req[r].private + grown)
    req[r].private = 0


def take_back(req: Any, rep: Any, c: Cells, f: Cells, p: int, r: int, u: Any, own: int) -> None:
    """A request's own blocks become free, and its prefix blocks have one holder less."""
    rep[p].free += own
    rep[p].private -= own
    rep[p].shared -= req[r].prefixes * u.prefix_tokens
    width = u.prefix_blocks
    for i in range(req[r].prefixes - 1, -1, -1):
        block = c[u.prefix + req[r].prefix_at + i]
        at = p * width + block
        c[u.pinned + at] -= 1
        if c[u.pinned + at] == 0:
            c[u.older + at] = rep[p].newest
            c[u.newer + at] = -1
            if rep[p].newest >= 0:
                c[u.newer + p * width + rep[p].newest] = block
            else:
                rep[p].oldest = block
            rep[p].newest = block
            rep[p].resident += 1


def take(rep: Any, c: Cells, f: Cells, p: int, blocks: int, u: Any) -> None:
    """Use free blocks, evicting as many cached ones as that needs."""
    while rep[p].free < blocks and rep[p].resident > 0:
        width = u.prefix_blocks
        block = rep[p].oldest
        _unlink(rep, c, p, block, u)
        c[u.pinned + p * width + block] = -1
        rep[p].free += u.prefix_tokens // u.block
    rep[p].free -= blocks


def _unlink(rep: Any, c: Cells, p: int, block: int, u: Any) -> None:
    width = u.prefix_blocks
    at = p * width + block
    old, new = c[u.older + at], c[u.newer + at]
    if old >= 0:
        c[u.newer + p * width + old] = new
    else:
        rep[p].oldest = new
    if new >= 0:
        c[u.older + p * width + new] = old
    else:
        rep[p].newest = old
    rep[p].resident -= 1
