"""What a replica does next: which prompts are read, who is let in, who must go, and how long the step or run takes.

keeps: whether somebody waiting can be let in is asked again only after something has come, gone or been read, so that a
       run of decode steps in which nothing of that happens needs no asking.
"""

from __future__ import annotations

from typing import Any

from interlock.serving.core.batch import admit, preempt, victim
from interlock.serving.core.ends import first_end
from interlock.serving.core.memory import fits, take, written
from interlock.serving.core.promote import patience, promote
from interlock.serving.core.queue import peek, pop
from interlock.serving.core.speculate import drafted_cost, drafts_of, grow_for_drafts
from interlock.serving.core.state import IDLE, NEVER, RUN, STEP, TIMER, Cells
from interlock.serving.core.tables import chunk_cost, decode_line, mixed_cost, token_cost


def plan(req: Any, rep: Any, c: Cells, f: Cells, p: int, now: float, u: Any, t: Cells, e: Cells) -> None:
    """Choose the next step or run and start it; the replica is between two steps."""
    rep[p].now = now
    if u.promote_s > 0.0:
        promote(req, rep, c, f, p, now, u)
    if u.preemptive and rep[p].dirty:
        _make_way(req, rep, c, f, p, u)
    decodes = 1 if rep[p].decodes > 0 else 0
    rep[p].drafts = drafts_of(rep, p, u) if u.drafts > 0 else 0
    chased = 0
    if decodes and u.mixed:
        chased = _grow(req, rep, c, f, p, u)
    chunks = _compose(req, rep, c, f, p, now, u, chased)
    if chunks > 0 and not u.mixed:
        decodes = 0
    elif decodes and not u.mixed:
        chased = _grow(req, rep, c, f, p, u)
    if rep[p].decodes == 0:
        decodes = 0
    rep[p].since = now
    rep[p].decoded = decodes
    _measure(rep, p, u)
    if chunks == 0 and not decodes and rep[p].delay == 0.0 and rep[p].filling == 0:
        rep[p].kind = IDLE
        rep[p].until = NEVER
        if rep[p].waiting > 0 and rep[p].running == 0:
            rep[p].kind = TIMER
            rep[p].until = req[peek(rep, c, f, p, u)].arrival + u.gang_wait
        return
    if chunks > 0 or rep[p].filling > 0 or rep[p].delay > 0.0 or u.drafts > 0:
        _one_step(req, rep, c, f, p, now, u, t, e, chunks, decodes)
    else:
        _run(req, rep, c, f, p, now, u, t[0], e[0])
        if u.promote_s > 0.0:
            due = patience(req, rep, c, p, u)
            if due < rep[p].until:
                shorten(rep, p, passed_steps(rep, p, due))
        if chased > 0 and rep[p].steps > 1:  # who was sent away may be let in again after the next step
            rep[p].steps = 1
            rep[p].until = now + span(rep, p, 1)


def _make_way(req: Any, rep: Any, c: Cells, f: Cells, p: int, u: Any) -> None:
    """Iteration-level preemption: a request of a lower level takes the place of one of a higher."""
    while rep[p].waiting > 0:
        r = peek(rep, c, f, p, u)
        if rep[p].seats + req[r].width <= u.seqs and fits(req, rep, c, f, p, r, u):
            return
        worst = victim(req, rep, c, f, p, u, 1)
        if worst < 0 or req[worst].level <= req[r].level:
            return
        preempt(req, rep, c, f, p, worst, u)


def _grow(req: Any, rep: Any, c: Cells, f: Cells, p: int, u: Any) -> int:
    """Blocks for the next token of everyone who decodes; preempts until there are enough."""
    chased = 0
    if u.drafts > 0:
        return grow_for_drafts(req, rep, c, f, p, u)
    if not u.grows:
        return 0
    at = p * u.block + rep[p].index % u.block
    size = u.prefix_tokens // u.block
    while c[u.growth + at] > rep[p].free + rep[p].resident * size:
        preempt(req, rep, c, f, p, victim(req, rep, c, f, p, u, 0), u)
        chased += 1
    need = c[u.growth + at]
    take(rep, c, f, p, need, u)
    rep[p].private += need
    return chased


def _compose(req: Any, rep: Any, c: Cells, f: Cells, p: int, now: float, u: Any, chased: int) -> int:
    """Chunks of prompts for the next step: those begun before, then whoever is let in. Returns how many."""
    budget = u.budget - (rep[p].decodes * (1 + rep[p].drafts) if u.counts_decodes else 0)
    chunks = 0
    for i in range(rep[p].filling):
        r = c[u.filling + p * u.seqs + i]
        new = min(req[r].left, budget) if chunks < u.max_chunks else 0
        req[r].chunk = max(new, 0)
        if req[r].chunk > 0:
            budget -= req[r].chunk
            chunks += 1
    if rep[p].waiting == 0 or chased > 0 or (not rep[p].dirty and rep[p].running > 0):
        return chunks
    limit = u.seqs
    if u.gang > 0:
        if rep[p].running > 0:
            return chunks
        limit = min(u.gang, u.seqs)
        oldest = req[peek(rep, c, f, p, u)].arrival
        if rep[p].waiting < limit and c[u.marks + 2] < len(req) and now < oldest + u.gang_wait:
            return chunks
        rep[p].longest = 0
    while rep[p].waiting > 0:
        r = peek(rep, c, f, p, u)
        if rep[p].seats + req[r].width > limit or not fits(req, rep, c, f, p, r, u):
            rep[p].dirty = 0
            break
        if not req[r].swapped:
            if chunks >= u.max_chunks or budget <= 0:
                break
            if not u.chunked and chunks > 0 and req[r].known > budget:
                break
        pop(req, rep, c, f, p, r, u)
        admit(req, rep, c, f, p, r, now, u)
        if req[r].left > 0:
            req[r].chunk = min(req[r].left, budget) if u.chunked else req[r].left
            budget -= req[r].chunk
            chunks += 1
        rep[p].longest = max(rep[p].longest, req[r].output)
    return chunks


def _one_step(
    req: Any, rep: Any, c: Cells, f: Cells, p: int, now: float, u: Any, t: Cells, e: Cells, chunks: int, decodes: int
) -> None:
    """A step with prompts in it, or with caches that are moved."""
    tokens, filled, filled_j = 0, 0.0, 0.0
    for i in range(rep[p].filling):
        r = c[u.filling + p * u.seqs + i]
        if req[r].chunk > 0:
            read = written(req, r) - req[r].left
            tokens += req[r].chunk
            filled += chunk_cost(t[0], req[r].chunk, read)
            if u.unit_j > 0.0:
                filled_j += chunk_cost(e[0], req[r].chunk, read)
    many = rep[p].decodes if decodes else 0
    spent = 0.0
    if u.drafts > 0 and (chunks > 0 or many > 0):
        spent = drafted_cost(req, rep, c, p, u, t, many, tokens, chunks)
        rep[p].joules += u.unit_j * drafted_cost(req, rep, c, p, u, e, many, tokens, chunks) if u.unit_j else 0.0
    elif chunks > 0 or many > 0:
        spent = mixed_cost(t[0], many, rep[p].context, tokens, chunks, filled)
        rep[p].joules += (
            u.unit_j * mixed_cost(e[0], many, rep[p].context, tokens, chunks, filled_j) if u.unit_j else 0.0
        )
    rep[p].prompt_tokens += tokens
    rep[p].kind = STEP
    rep[p].steps = 1
    rep[p].step_s = max(spent, rep[p].delay) if u.overlaps else spent + rep[p].delay
    rep[p].slope_s = 0.0
    rep[p].step_j = 0.0
    rep[p].slope_j = 0.0
    rep[p].delay = 0.0
    rep[p].until = now + rep[p].step_s


def _run(req: Any, rep: Any, c: Cells, f: Cells, p: int, now: float, u: Any, t: Cells, e: Cells) -> None:
    """Decode steps up to the first boundary, the next knot of the clock, or the last block."""
    many = rep[p].decodes
    mean = rep[p].context / many
    first = first_end(req, rep, c, f, p, u)
    steps = req[first].boundary - rep[p].index
    base = token_cost(t, many, many)
    attend, slope, edge = decode_line(t, many, mean)
    steps = min(steps, int(edge - mean) + 1)
    if u.grows:
        steps = min(steps, 1 + _room(rep, c, f, p, u))
    rep[p].kind = RUN
    rep[p].steps = steps
    rep[p].step_s = base + attend
    rep[p].slope_s = slope
    if u.unit_j > 0.0:
        attend_j, slope_j, _ = decode_line(e, many, mean)
        rep[p].step_j = u.unit_j * (token_cost(e, many, many) + attend_j)
        rep[p].slope_j = u.unit_j * slope_j
    rep[p].until = now + span(rep, p, steps)


def _room(rep: Any, c: Cells, f: Cells, p: int, u: Any) -> int:
    """Steps after the next one whose blocks there is room for."""
    room = rep[p].free + rep[p].resident * (u.prefix_tokens // u.block)
    cycles = room // rep[p].decodes
    room -= cycles * rep[p].decodes
    steps = cycles * u.block
    for i in range(1, u.block + 1):
        room -= c[u.growth + p * u.block + (rep[p].index + i) % u.block]
        if room < 0:
            break
        steps += 1
    return int(steps)


def span(rep: Any, p: int, steps: int) -> float:
    """Seconds of the first steps of a run."""
    return float(steps * rep[p].step_s + rep[p].slope_s * (steps * (steps - 1) / 2.0))


def passed_steps(rep: Any, p: int, now: float) -> int:
    """Steps of a run that have ended when a request arrives; the next one is under way."""
    passed = now - rep[p].since
    a, b = 0.5 * rep[p].slope_s, rep[p].step_s - 0.5 * rep[p].slope_s
    steps = passed / b if a == 0.0 else 2.0 * passed / (b + max(b * b + 4.0 * a * passed, 0.0) ** 0.5)
    whole = max(int(steps) - 1, 0)
    while whole + 1 < rep[p].steps and rep[p].since + span(rep, p, whole + 1) < now:
        whole += 1
    return whole


def shorten(rep: Any, p: int, passed: int) -> None:
    """End a run with the step that is under way."""
    if passed + 1 < rep[p].steps:
        rep[p].steps = passed + 1
        rep[p].until = rep[p].since + span(rep, p, passed + 1)


def _measure(rep: Any, p: int, u: Any) -> None:
    """Memory in use, and what of it no token fills."""
    size = u.prefix_tokens // u.block
    held = float(rep[p].blocks - rep[p].free - rep[p].resident * size)
    tokens = rep[p].context + rep[p].reading - rep[p].shared
    if rep[p].decoded and u.grows:
        tokens += rep[p].decodes  # whose room has been given out for the step that begins
    waste = float(rep[p].private * u.block - tokens)
    rep[p].held = held
    rep[p].waste = waste
    rep[p].peak_held = max(rep[p].peak_held, held)
    if rep[p].running > 0:
        rep[p].peak_waste = max(rep[p].peak_waste, waste / (rep[p].running + rep[p].parked))


__all__ = ["passed_steps", "plan", "shorten", "span"]
