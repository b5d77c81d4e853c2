"""Llama 2 70B: the exact count and the KV cache that grouped queries leave."""

from interlock.exhibits.base import Reproduction, claim, exactly, reproduction
from interlock.exhibits.model_size import count, kv_token_bytes

CLAIM = claim("70 billion parameters, grouped-query attention with 8 KV heads", "Touvron et al. 2023, Llama 2, table 1")


def run() -> Reproduction:
    """The count, and KV bytes of a token at FP16 of the 70B (GQA) and the 7B (MHA)."""
    return reproduction(
        count("llama-2-70b", 68_976_648_192),
        exactly("KV cache of a token, 70B", 320, kv_token_bytes("llama-2-70b") / 1024, "KiB"),
        exactly("KV cache of a token, 7B", 512, kv_token_bytes("llama-2-7b") / 1024, "KiB"),
    )
