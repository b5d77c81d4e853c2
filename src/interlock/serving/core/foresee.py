"""The most memory that a batch will come to need, from how much everyone in it has left.

source: LightLLM's router (ModelTC), which lets a request in only if that most fits: requests by what they have left,
        longest first; when the i-th ends, i of them hold what they hold now and what it has left, each.
keeps:  where steps that read prompts stall decoding and lengths are known, no batch outgrows its memory.
departs: where prompts are read beside decoding, those who wait for their prompt part later than this reckons with.
"""

from __future__ import annotations

from typing import Any

from interlock.serving.core.state import DECODING, FILLING, WAITING, Cells


def future_peak(req: Any, rep: Any, c: Cells, p: int, r: int, u: Any) -> int:
    """Tokens of the cache at most, with one more request."""
    count = 0
    for i in range(rep[p].running + 1):
        other = c[u.running + p * u.seqs + i] if i < rep[p].running else r
        reading = req[other].state == FILLING or (req[other].state == WAITING and not req[other].swapped)
        made, context = req[other].made, req[other].known - (0 if reading else 1)
        if req[other].state == DECODING:
            steps = rep[p].index - req[other].start
            made, context = made + steps, req[other].base + steps
        wide = req[other].width
        left = max(req[other].expected // wide - made - (1 if reading else 0), 0)
        full = req[other].prompt // u.block * u.block
        at = count
        while at > 0 and c[u.left_of + at - 1] < left:
            c[u.left_of + at] = c[u.left_of + at - 1]
            c[u.kept_by + at] = c[u.kept_by + at - 1]
            c[u.wide_of + at] = c[u.wide_of + at - 1]
            at -= 1
        c[u.left_of + at] = left
        c[u.kept_by + at] = full + wide * (context - full + u.block - 1)
        c[u.wide_of + at] = wide
        count += 1
    kept, width, peak = 0, 0, 0
    for i in range(count):
        kept += c[u.kept_by + i]
        width += c[u.wide_of + i]
        peak = max(peak, kept + width * c[u.left_of + i])
    return int(peak)
