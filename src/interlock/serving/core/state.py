"""What the loop remembers: one record a request, one a replica, one of rules, and cells for what has many entries.

idea:    cells are one flat array of whole numbers and one of floats; the rules say where each area begins, so that a
         function is given few and small arguments: `c[u.running + p * u.seqs + i]`.

keeps: the same names whether a record is a row of a structured array (compiled) or a small object (interpreted).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

WAITING: Final = 0
FILLING: Final = 1  # its prompt is being read
DECODING: Final = 2
RESTORING: Final = 3  # its cache comes back from the host
FINISHED: Final = 4
MOVING: Final = 5  # its cache comes from another replica, beside the steps

IDLE: Final = 0
TIMER: Final = 1  # waits for a batch to fill up
STEP: Final = 2  # one step with prompts in it
RUN: Final = 3  # decode steps that nothing interrupts

NEVER: Final = 1e300
BINS: Final = 2400  # of gaps between tokens: 1 us to 2.6e4 s, each 1 % wide
FIRST_GAP: Final = 1e-6
GAP_RATIO: Final = 0.01
COLUMNS: Final = 7  # of one segment of the trace

REQUEST: Final = {
    "arrival": 0.0, "key": 0.0, "prompt": 0, "output": 0, "client": 0, "session": -1, "expected": 0, "reserve": 0,
    "prefix_at": 0, "prefixes": 0, "state": WAITING, "replica": -1, "slot": -1, "left": 0, "known": 0, "chunk": 0,
    "start": 0, "base": 0, "made": 0, "boundary": 0, "level": 0, "child": -1, "sibling": -1, "order": 0,
    "preempted": 0, "cached": 0, "swapped": 0, "private": 0, "first": -1.0, "last": -1.0, "finish": -1.0,
    "admitted": -1.0, "rerouted": 0, "source": -1, "parked": 0, "hidden": 0.0, "sent": -1.0, "landed": -1.0,
    "luck": 1, "width": 1, "queued_at": 0.0,
}  # fmt: skip
REPLICA: Final = {
    "kind": IDLE, "until": NEVER, "since": 0.0, "steps": 0, "step_s": 0.0, "slope_s": 0.0, "step_j": 0.0,
    "slope_j": 0.0, "decoded": 0, "decodes": 0, "context": 0, "index": 0, "free": 0, "running": 0, "filling": 0,
    "heap": 0, "waiting": 0, "dirty": 1, "fresh": 0, "last_decode": -1.0, "order": 0, "longest": 0, "delay": 0.0,
    "assigned": 0, "work": 0.0, "oldest": -1, "newest": -1, "resident": 0, "private": 0, "shared": 0, "reading": 0,
    "held": 0.0, "waste": 0.0, "last_client": -1, "ahead": 0,
    "blocks": 0, "watermark": 0, "kind_of": 0, "up": 1, "bought": 0.0, "paid_s": 0.0, "interrupted": 0, "lost": 0,
    "lands": NEVER, "link_free": 0.0, "link_head": -1, "link_tail": -1, "parked": 0, "landed": 0, "sent_tokens": 0,
    "busy_s": 0.0, "joules": 0.0, "held_s": 0.0, "waste_s": 0.0, "peak_held": 0.0, "peak_waste": 0.0,
    "batch_s": 0.0, "prompt_tokens": 0, "tokens": 0, "all_steps": 0, "preemptions": 0, "swapped_tokens": 0,
    "hit_tokens": 0, "asked_tokens": 0, "events": 0, "gap_sum": 0.0, "gap_squares": 0.0, "gaps": 0, "recomputed": 0,
    "now": 0.0, "seats": 0, "spared": 0, "spared_s": 0.0, "drafts": 0, "passes": 0, "drafted": 0, "accepted": 0,
}  # fmt: skip


CELLS: Final = {
    "running": "R S",  # requests in the batch, in no order
    "filling": "R S",  # those whose prompt is being read, first admitted first
    "landed": "R S",  # those whose cache has come from another replica since the last plan
    "fresh": "R S",  # those that joined since the last decode step
    "heap_at": "R 4S",  # decode index at which something ends
    "heap_of": "R 4S",  # for which request
    "growth": "R b",  # sequences that need a block at decode indices of this residue
    "roots": "R G",  # the first request of each group's queue
    "queued": "R G",
    "live": "R G",  # sequences that decode
    "seen": "R G",  # decode index up to which the counter counts
    "quanta": "L",  # tokens before a request of this level is demoted
    "prefix": "P",  # the requests' prefix blocks, one after the other
    "pinned": "R H",  # -1 not cached, else requests that hold it
    "older": "R H",  # the list of cached blocks that nobody holds, least recently used first
    "newer": "R H",
    "home": "N",  # replica of each session, -1 before its first request
    "gaps": "B",  # tokens by the time since the one before
    "left_of": "S",  # of a batch, longest first: tokens that a request has yet to get, holds, and answers of it
    "kept_by": "S",
    "wide_of": "S",
    "marks": "4",  # trace rows, random state, requests that have arrived, those of them under way
    "life": "3",  # the next event, the first request that has no replica to go to, replicas that take requests
    "event_of": "E",  # replica
    "event_kind": "E",
}  # R replicas, S sequences, b tokens a block, G groups of the queue, H prefix blocks, E events, K drafts
FLOATS: Final = {
    "counters": "R G",  # weighted tokens served
    "trace": "T",  # segments: replica, begin, seconds, steps, decodes, prompt tokens, held blocks
    "survival": "K",  # chance that drafts up to this one are accepted
    "event_at": "E",
    "times": "2",  # now, and when the next event is
}
RULES: Final = {
    "replicas": 1, "seqs": 0, "budget": 0, "counts_decodes": 0, "chunked": 0, "mixed": 0, "max_chunks": 0, "gang": 0,
    "gang_wait": 0.0, "block": 1, "grows": 0, "longest": 0, "swap_s": 0.0,
    "worst_first": 0, "grouping": 0, "groups": 1, "prompt_weight": 0.0, "token_weight": 0.0, "preemptive": 0,
    "choice": 0, "request_weight": 0.0, "work_weight": 0.0, "prefix_weight": 0.0, "prefix_tokens": 0,
    "prefix_blocks": 0, "trace_rows": 0, "unit_j": 0.0, "concurrency": 0, "prefills": 0,
    "transfer_s": 0.0, "transfer_latency": 0.0, "transfer_layers": 1, "events": 0, "drafts": 0, "drafts_up_to": 0,
    "promote_s": 0.0, "overlaps": 0, "foresees": 0,
    **dict.fromkeys(CELLS, 0), **dict.fromkeys(FLOATS, 0),
}  # fmt: skip
Cells = Any  # a flat array of whole numbers or of floats, or a list of them


class _Record:
    """A record as an object, for the interpreter."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.__dict__.update(values)


def records(fields: dict[str, Any], count: int, columns: dict[str, Any], *, compiled: bool, whole: Any = "i8") -> Any:
    """Records with default values but for the columns given; `whole` is the type of whole numbers in compiled ones."""
    if compiled:
        floats = [(name, "f8") for name, value in fields.items() if isinstance(value, float)]
        rest = [(name, whole) for name, value in fields.items() if not isinstance(value, float)]
        rows = np.zeros(count, dtype=floats + rest)
        for name, value in fields.items():
            if name in columns or value != 0:
                rows[name] = columns.get(name, value)
        return rows
    given = {name: np.asarray(column).tolist() for name, column in columns.items()}
    return [_Record({**fields, **{name: column[i] for name, column in given.items()}}) for i in range(count)]
