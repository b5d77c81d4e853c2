"""Static batching: a batch is filled, runs until its longest answer is done, and only then makes room.

source:  the request-level scheduling that Yu et al., OSDI 2022, section 2, set out from.
idea:    short answers wait for the longest; new requests wait for the whole batch.
departs: prompts are not padded; the last batch of a trace starts when nothing more can come.
"""

from interlock.serving.policy import Batching

POLICY = Batching(
    title="Static batches of fixed size",
    paper="Yu et al. 2022, Orca: A Distributed Serving System for Transformer-Based Generative Models",
    mixed=False,
    gang=32,
    with_memory="contiguous",
)
