"""Paged attention: blocks of a few tokens, given out as a sequence grows.

source:  Kwon et al., SOSP 2023, sections 4.1 to 4.3.
keeps:   at most one block of a sequence is partly filled.
"""

from interlock.serving.policy import Memory

POLICY = Memory(
    title="Blocks of 16 tokens as sequences grow",
    paper="Kwon et al. 2023, Efficient Memory Management for Large Language Model Serving with PagedAttention",
    grows=True,
)
