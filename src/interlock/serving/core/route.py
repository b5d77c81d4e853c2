"""Which replica a request goes to, decided when it arrives and from what a router knows then.

source: Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", IEEE TPDS 2001, for two candidates.
"""

from __future__ import annotations

from typing import Any

from interlock.serving.core.memory import matched
from interlock.serving.core.state import Cells

ALL = 0
TURN = 1
TWO = 2
HOME = 3


def draw(c: Cells, u: Any, below: int) -> int:
    """A whole number below `below`, the same on every machine."""
    c[u.marks + 1] = (c[u.marks + 1] * 1103515245 + 12345) % 2147483648
    return int((c[u.marks + 1] // 65536) % below)


def score(req: Any, rep: Any, c: Cells, f: Cells, p: int, r: int, u: Any) -> float:
    """How little a replica is wanted: requests and tokens that it has, less the prefix that it has cached."""
    found = u.request_weight * rep[p].assigned + u.work_weight * rep[p].work
    if u.prefix_weight > 0.0 and req[r].prefixes > 0:
        found -= u.prefix_weight * u.prefix_tokens * matched(req, c, f, p, r, u)
    return float(found)


def nth(rep: Any, begin: int, k: int, u: Any) -> int:
    """The k-th replica from `begin` on that takes requests."""
    if u.events == 0:
        return int(begin + k)
    p = begin
    while k > 0 or rep[p].up != 1:
        k -= 1 if rep[p].up == 1 else 0
        p += 1
    return int(p)


def route(req: Any, rep: Any, c: Cells, f: Cells, r: int, u: Any, begin: int, count: int) -> int:
    """The replica of a request, among those of `count` that are up; a session's home is where its prompts are read."""
    live = count if u.events == 0 else c[u.life + 2]
    if live == 1:
        return nth(rep, begin, 0, u)
    if u.choice == TURN:
        return nth(rep, begin, r % live, u)
    session = req[r].session if begin == 0 else -1
    if u.choice == HOME and session >= 0 and c[u.home + session] >= 0 and rep[c[u.home + session]].up == 1:
        return int(c[u.home + session])
    if u.choice == TWO:
        one = draw(c, u, live)
        other = nth(rep, begin, (one + 1 + draw(c, u, live - 1)) % live, u)
        one = nth(rep, begin, one, u)
        if score(req, rep, c, f, other, r, u) < score(req, rep, c, f, one, r, u):
            return int(other)
        return int(one)
    best, least = -1, 0.0
    for p in range(begin, begin + count):
        if rep[p].up != 1:
            continue
        value = score(req, rep, c, f, p, r, u)
        if best < 0 or value < least:
            best, least = p, value
    if u.choice == HOME and session >= 0:
        c[u.home + session] = best
    return best
