"""Prompts first: a step reads waiting prompts whole while there is room, and decodes when there is not.

source:  Kwon et al., "PagedAttention", SOSP 2023, section 4.5, and the scheduler of vLLM before version 1.
idea:    eager prompts fill the batch soon, and stall everyone who decodes while they are read.
"""

from interlock.serving.policy import Batching

POLICY = Batching(
    title="Prompts first, in steps of their own",
    paper="Kwon et al. 2023, Efficient Memory Management for Large Language Model Serving with PagedAttention",
    mixed=False,
    token_budget=8192,
)
