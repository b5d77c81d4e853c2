"""Chunked prefills with piggybacked decodes: one chunk of one prompt fills a step up beside those who decode.

source:  Agrawal et al., "SARATHI", 2023, sections 4.2 and 4.3 (decode-maximal batching).
"""

from interlock.serving.policy import Batching

POLICY = Batching(
    title="One chunk of a prompt beside all decoding",
    paper="Agrawal et al. 2023, SARATHI: Efficient LLM Inference by Piggybacking Decodes with Chunked Prefills",
    mixed=True,
    chunked=True,
    token_budget=512,
    counts_decodes=True,
    prompts=1,
)
