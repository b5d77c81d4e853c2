"""KV cache: the same tokens with and without it, and bytes as the formula says."""

import numpy as np

from interlock.exhibits.base import Reproduction, below, claim, exactly, holds, reproduction
from interlock.exhibits.model_size import kv_token_bytes
from interlock.exhibits.tiny_decoder import TinyDecoder
from interlock.inference.memory import cache_bytes
from interlock.models import Formats, scheme

CLAIM = claim("2 x layers x KV heads x head width x bytes for each token", "the survey, II; the mobile slides")


def run() -> Reproduction:
    """Greedy decoding of a small decoder, recomputing everything or keeping keys and values."""
    tiny = TinyDecoder.random(layers=3, heads=4, kv_heads=2, head_dim=16, vocabulary=97, seed=1)
    prompt = [5, 17, 80, 3]
    plain, plain_logits = tiny.generate(prompt, 24, cached=False)
    kept, kept_logits = tiny.generate(prompt, 24, cached=True)
    held = tiny.cache_nbytes(len(prompt) + 23)
    formula = float(cache_bytes(tiny.described(), Formats.of(scheme(kv="fp32")), None, len(prompt) + 23))
    return reproduction(
        holds("the same 24 tokens", plain == kept),
        below("largest difference of logits", 1e-4, float(np.abs(plain_logits - kept_logits).max())),
        exactly("bytes of the arrays kept, against the formula", formula, held, "B"),
        exactly("a token of Llama 2 7B at FP16", 2 * 32 * 32 * 128 * 2, kv_token_bytes("llama-2-7b"), "B"),
    )
