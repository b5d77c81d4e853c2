"""Iteration-level scheduling with selective batching: requests come and go between any two steps.

source:  Yu et al., "Orca", OSDI 2022, sections 3.1 and 3.2, algorithm 1.
idea:    the batch is chosen anew for every step; whole prompts share it with decoding sequences, since only attention
         needs to tell them apart. Memory for the longest answer is set aside, so that nobody is ever preempted.
"""

from interlock.serving.policy import Batching

POLICY = Batching(
    title="Iteration-level scheduling, whole prompts beside decoding",
    paper="Yu et al. 2022, Orca: A Distributed Serving System for Transformer-Based Generative Models",
    mixed=True,
    with_memory="contiguous",
)
