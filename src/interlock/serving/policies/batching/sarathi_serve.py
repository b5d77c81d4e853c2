"""Stall-free batching: decoding first, then prompts begun, then new ones, up to a token budget.

source:  Agrawal et al., "Taming Throughput-Latency Tradeoff in LLM Inference with Sarathi-Serve", OSDI 2024,
         algorithm 3.
idea:    a step never takes longer than its token budget does, so nobody who decodes is stalled by a long prompt.
"""

from interlock.serving.policy import Batching

POLICY = Batching(
    title="Stall-free chunked prefills under a token budget",
    paper="Agrawal et al. 2024, Taming Throughput-Latency Tradeoff in LLM Inference with Sarathi-Serve",
    mixed=True,
    chunked=True,
    token_budget=512,
    counts_decodes=True,
)
