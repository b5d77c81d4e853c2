"""Steps in which a draft model proposes tokens and the model verifies them, every sequence getting its own number.

source: Leviathan et al., "Fast Inference from Transformers via Speculative Decoding", ICML 2023, algorithm 1.
idea:   a sequence keeps the longest accepted run of its k drafts and one token of the model's own. How many that is
        takes one draw of the request's own generator: position i and all before it were accepted if the draw is below
        the product of their acceptances. So a request's answers come in the same pieces whoever runs beside it.
keeps:  what `index` counts: a step, for everyone. Tokens beyond one a step move a request's `base` and `made` instead.
departs: a draft is cut at the end of the answer and of what is set aside, which an engine may learn only afterwards.
         The draft model reads prompts with the model, and what it has not seen (a token a step in which all drafts
         were accepted) at no cost. It drafts at the mean context of its steps.
"""

from __future__ import annotations

from typing import Any

from interlock.serving.core.batch import preempt, victim
from interlock.serving.core.ends import push_end
from interlock.serving.core.memory import take
from interlock.serving.core.state import DECODING, Cells
from interlock.serving.core.tables import FILL, chunk_cost, decode_line, mixed_cost, token_cost

MODULUS = 2147483647  # of the requests' generators: Park and Miller, Communications of the ACM 1988
FACTOR = 48271


def drafts_of(rep: Any, p: int, u: Any) -> int:
    """Tokens that the next step drafts for each sequence: none in batches that are too large to gain by it."""
    return int(u.drafts) if rep[p].decodes <= u.drafts_up_to else 0


def accepted(req: Any, f: Cells, r: int, drafts: int, u: Any) -> int:
    """How many leading drafts of a request are kept."""
    req[r].luck = req[r].luck * FACTOR % MODULUS
    draw = req[r].luck / MODULUS
    count = 0
    while count < drafts and draw < f[u.survival + count]:
        count += 1
    return count


def lacking(req: Any, rep: Any, p: int, r: int, u: Any) -> int:
    """Blocks that a sequence needs for what a step writes to its cache."""
    steps = rep[p].index - req[r].start
    tokens = req[r].base + steps + min(1 + rep[p].drafts, req[r].output - req[r].made - steps)
    own = (tokens + u.block - 1) // u.block - req[r].prefixes * (u.prefix_tokens // u.block)
    return int(max(own - req[r].private, 0))


def grow_for_drafts(req: Any, rep: Any, c: Cells, f: Cells, p: int, u: Any) -> int:
    """Blocks for all tokens that the next step may write; preempts until there are enough. Returns how often."""
    chased = 0
    while u.grows:
        need = 0
        for i in range(rep[p].running):
            r = c[u.running + p * u.seqs + i]
            if req[r].state == DECODING:
                need += lacking(req, rep, p, r, u)
        if need <= rep[p].free + rep[p].resident * (u.prefix_tokens // u.block):
            take(rep, c, f, p, need, u)
            rep[p].private += need
            for i in range(rep[p].running):
                r = c[u.running + p * u.seqs + i]
                if req[r].state == DECODING:
                    req[r].private += lacking(req, rep, p, r, u)
            break
        preempt(req, rep, c, f, p, victim(req, rep, c, f, p, u, 0), u)
        chased += 1
    return chased


def drafted_cost(req: Any, rep: Any, c: Cells, p: int, u: Any, t: Cells, many: int, tokens: int, chunks: int) -> float:
    """Any step: drafting, one after the other, then verifying, with the prompts that both models read.

    `t` holds three clocks: of single tokens, of the model that verifies, and of the draft model; one if nobody drafts.
    """
    plain, verifying, drafting = t[0], t[len(t) // 2], t[len(t) - 1]
    filled, filled_too = 0.0, 0.0
    for i in range(rep[p].filling):
        r = c[u.filling + p * u.seqs + i]
        if req[r].chunk > 0:
            filled += chunk_cost(plain, req[r].chunk, req[r].known - req[r].left)
            filled_too += chunk_cost(drafting, req[r].chunk, req[r].known - req[r].left)
    context, drafts = rep[p].context, rep[p].drafts
    if many == 0 or drafts == 0:
        spent = mixed_cost(plain, many, context, tokens, chunks, filled)
        return spent + (mixed_cost(drafting, 0, 0.0, tokens, chunks, filled_too) if chunks > 0 else 0.0)
    spent = token_cost(verifying, many * (1 + drafts) + tokens, many * (1 + drafts) + chunks)
    spent += decode_line(verifying, many, context / many)[0]
    if chunks > 0:
        spent += filled - (chunks - 1) * plain[int(plain[FILL])]
    later = context + many * (drafts - 1) / 2.0
    spent += mixed_cost(drafting, many, later, tokens, chunks, filled_too)
    return float(spent + (drafts - 1) * mixed_cost(drafting, many, later, 0, 0, 0.0))


def keep_accepted(req: Any, rep: Any, c: Cells, f: Cells, p: int, u: Any) -> None:
    """Give everyone who decoded what was accepted beyond the first token; who reaches a boundary is remembered."""
    drafts = rep[p].drafts
    for i in range(rep[p].running):
        r = c[u.running + p * u.seqs + i]
        if req[r].state != DECODING:
            continue
        steps = rep[p].index - req[r].start
        if drafts > 0:
            found = accepted(req, f, r, drafts, u)
            rep[p].passes += 1
            rep[p].drafted += drafts
            rep[p].accepted += found
            found = min(found, req[r].output - req[r].made - steps)
            if not u.grows:
                found = min(found, req[r].reserve - req[r].base - steps)
            req[r].made += found
            req[r].base += found
            req[r].boundary -= found
            rep[p].context += found
            rep[p].tokens += found
            if u.grouping == 1:
                f[u.counters + p * u.groups + req[r].client] += u.token_weight * found
        if req[r].boundary <= rep[p].index:
            req[r].boundary = rep[p].index
            push_end(req, rep, c, f, p, r, u)
