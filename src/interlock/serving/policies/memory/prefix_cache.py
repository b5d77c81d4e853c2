"""Paged attention whose whole prompt blocks are found again by what comes before them; least recently used go first.

source:  Zheng et al., "SGLang: Efficient Execution of Structured Language Model Programs", NeurIPS 2024, section 3
         (a tree of prefixes); vLLM, automatic prefix caching (the same tree as chained block hashes).
"""

from interlock.serving.policy import Memory

POLICY = Memory(
    title="Paged, with prompts that share prefixes",
    paper="Zheng et al. 2024, SGLang: Efficient Execution of Structured Language Model Programs",
    grows=True,
    shares_prefixes=True,
)
