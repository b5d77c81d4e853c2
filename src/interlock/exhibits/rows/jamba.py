"""Jamba: one attention layer in eight leaves a KV cache of a few gigabytes at 256,000 tokens."""

from interlock.exhibits.base import Reproduction, claim, reproduction, within
from interlock.exhibits.model_size import active_parameters, kv_token_bytes, parameters

CLAIM = claim("4 GB of KV cache at 256K tokens, where Mixtral has 32 GB", "Lieber et al. 2024, Jamba, table 1")
MISSING = "a small hybrid trained between the pure ends"


def run() -> Reproduction:
    """KV bytes at 16 bits, and counts."""
    length = 256 * 1024
    return reproduction(
        within("KV cache of Jamba at 256K", 4, length * kv_token_bytes("jamba-v0.1") / 2**30, 0.05, "GiB"),
        within("KV cache of Mixtral at 256K", 32, length * kv_token_bytes("mixtral-8x7b") / 2**30, 0.05, "GiB"),
        within("parameters", 52e9, parameters("jamba-v0.1"), 0.02),
        within("active parameters", 12e9, active_parameters("jamba-v0.1"), 0.02),
    )
