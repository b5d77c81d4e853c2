"""The end of a step or run: tokens are counted, boundaries reached, prompts that have been read start to decode."""

from __future__ import annotations

import math
from typing import Any

from interlock.serving.core.batch import finish, preempt, set_boundary, start_decoding
from interlock.serving.core.ends import drop_end, first_end
from interlock.serving.core.memory import take
from interlock.serving.core.pool import hand_over
from interlock.serving.core.queue import sync
from interlock.serving.core.speculate import keep_accepted
from interlock.serving.core.state import BINS, COLUMNS, DECODING, FILLING, FIRST_GAP, GAP_RATIO, RESTORING, Cells


def settle(req: Any, rep: Any, c: Cells, f: Cells, p: int, now: float, u: Any) -> None:
    """Apply what the steps that end now have done."""
    steps, many = rep[p].steps, rep[p].decodes if rep[p].decoded else 0
    rep[p].now = now
    rep[p].events += 1
    rep[p].all_steps += steps
    if c[u.marks + 0] < u.trace_rows:
        _trace(rep, c, f, p, now, many, steps, u)
    before, spared_now = rep[p].held, rep[p].spared
    if many:
        _decode(req, rep, c, f, p, steps, many, u)
        rep[p].last_decode = now
        if u.drafts > 0:
            keep_accepted(req, rep, c, f, p, u)
        _boundaries(req, rep, c, f, p, now, u)
    i = 0
    while i < rep[p].filling:
        r = c[u.filling + p * u.seqs + i]
        size = rep[p].filling
        if req[r].state == RESTORING:
            start_decoding(req, rep, c, f, p, r, u)
        elif req[r].chunk > 0:
            req[r].left -= req[r].chunk
            req[r].chunk = 0
            rep[p].dirty = 1
            if req[r].left == 0:
                _read(req, rep, c, f, p, r, now, u)
        if rep[p].filling == size:
            i += 1
    passed = now - rep[p].since
    after = float(rep[p].blocks - rep[p].free - rep[p].resident * (u.prefix_tokens // u.block))
    rep[p].busy_s += passed
    rep[p].batch_s += passed * many
    rep[p].held_s += passed * (before if steps == 1 else 0.5 * (before + max(before, after)))
    rep[p].waste_s += passed * rep[p].waste
    rep[p].spared_s += passed * spared_now


def _decode(req: Any, rep: Any, c: Cells, f: Cells, p: int, steps: int, many: int, u: Any) -> None:
    """Everyone who decodes has `steps` more tokens."""
    if u.grows and steps > 1:
        need = (steps - 1) // u.block * many
        for i in range((steps - 1) // u.block * u.block + 1, steps):
            need += c[u.growth + p * u.block + (rep[p].index + i) % u.block]
        take(rep, c, f, p, need, u)
        rep[p].private += need
    first, since = rep[p].step_s, rep[p].since
    own = 0
    for i in range(rep[p].fresh):
        r = c[u.fresh + p * u.seqs + i]
        if req[r].state == DECODING and req[r].replica == p and req[r].start == rep[p].index:
            if req[r].last >= 0.0:
                count_gap(rep, c, f, p, since + first - req[r].last, req[r].width, u)
            own += req[r].width
    rep[p].fresh = 0
    if many > own:
        count_gap(rep, c, f, p, since + first - rep[p].last_decode, many - own, u)
    if steps > 1:
        _gaps(rep, c, f, p, first + rep[p].slope_s, rep[p].slope_s, steps - 1, many, u)
    rep[p].index += steps
    rep[p].context += steps * many
    rep[p].tokens += steps * many
    rep[p].joules += steps * rep[p].step_j + rep[p].slope_j * (steps * (steps - 1) / 2.0)


def _boundaries(req: Any, rep: Any, c: Cells, f: Cells, p: int, now: float, u: Any) -> None:
    while True:
        r = first_end(req, rep, c, f, p, u)
        if r < 0 or req[r].boundary > rep[p].index:
            return
        drop_end(rep, c, f, p, u)
        steps = rep[p].index - req[r].start
        if req[r].made + steps >= req[r].output:
            finish(req, rep, c, f, p, r, now, u)
        elif not u.grows and req[r].base + steps >= req[r].reserve:
            req[r].reserve = min(2 * req[r].reserve, u.longest)
            preempt(req, rep, c, f, p, r, u)
        else:
            req[r].level = min(req[r].level + 1, u.groups - 1)
            set_boundary(req, rep, c, f, p, r, u)
            rep[p].dirty = 1


def _read(req: Any, rep: Any, c: Cells, f: Cells, p: int, r: int, now: float, u: Any) -> None:
    """A prompt has been read: its step also made a token."""
    req[r].made += 1
    rep[p].tokens += req[r].width
    if req[r].first < 0.0:
        req[r].first = now
    else:
        count_gap(rep, c, f, p, now - req[r].last, req[r].width, u)
    req[r].last = now
    if u.grouping == 1:
        sync(rep, c, f, p, req[r].client, u)
        f[u.counters + p * u.groups + req[r].client] += u.token_weight * req[r].width
    if req[r].made >= (rep[p].longest if u.gang > 0 else req[r].output):
        finish(req, rep, c, f, p, r, now, u)
    elif p < u.prefills:
        hand_over(req, rep, c, f, p, r, now, u)
    else:
        start_decoding(req, rep, c, f, p, r, u)


def gap_bin(gap: float) -> int:
    """The bin of a gap between two tokens."""
    if gap <= FIRST_GAP:
        return 0
    return min(int(math.log(gap / FIRST_GAP) / GAP_RATIO), BINS - 1)


def count_gap(rep: Any, c: Cells, f: Cells, p: int, gap: float, times: int, u: Any) -> None:
    """Remember the time between two tokens of `times` requests."""
    c[u.gaps + gap_bin(gap)] += times
    rep[p].gaps += times
    rep[p].gap_sum += times * gap
    rep[p].gap_squares += times * gap * gap


def _gaps(rep: Any, c: Cells, f: Cells, p: int, first: float, slope: float, steps: int, many: int, u: Any) -> None:
    """The gaps of `steps` steps that grow evenly: as many bins as they reach."""
    n = float(steps)
    rep[p].gaps += steps * many
    rep[p].gap_sum += many * (n * first + slope * n * (n - 1.0) / 2.0)
    squares = n * first * first + first * slope * n * (n - 1.0) + slope * slope * n * (n - 1.0) * (2.0 * n - 1.0) / 6.0
    rep[p].gap_squares += many * squares
    done = 0
    while done < steps:
        gap = first + slope * done
        at = gap_bin(gap)
        here = steps - done
        if slope > 0.0 and at < BINS - 1:
            edge = FIRST_GAP * math.exp(GAP_RATIO * (at + 1))
            here = min(here, max(int((edge - gap) / slope), 0) + 1)
        c[u.gaps + at] += here * many
        done += here


def _trace(rep: Any, c: Cells, f: Cells, p: int, now: float, many: int, steps: int, u: Any) -> None:
    at = c[u.marks + 0] * COLUMNS
    f[u.trace + at] = p
    f[u.trace + at + 1] = rep[p].since
    f[u.trace + at + 2] = now - rep[p].since
    f[u.trace + at + 3] = steps
    f[u.trace + at + 4] = many
    f[u.trace + at + 5] = rep[p].prompt_tokens
    f[u.trace + at + 6] = rep[p].held
    c[u.marks + 0] += 1


__all__ = ["FILLING", "gap_bin", "settle"]
