"""KV-cache costs: heads, groups, one head, fewer bits and fewer tokens, in bytes of real arrays."""

import numpy as np

from interlock.exhibits.base import Reproduction, claim, exactly, reproduction
from interlock.exhibits.tiny_decoder import TinyDecoder
from interlock.inference.memory import cache_bytes
from interlock.models import Formats, scheme
from interlock.numerics import number_format

CLAIM = claim(
    "training-stage, deployment and post-training methods cut KV bytes",
    "Luohe et al. 2024, as the accelerator review cites it",
)
TOKENS, HEADS, WIDTH = 40, 8, 16


def run() -> Reproduction:
    """The calculator's bytes a token against arrays that hold the keys and values of a small decoder."""
    figures = []
    for name, groups in (("multi-head", HEADS), ("grouped, 2", 2), ("multi-query", 1)):
        tiny = TinyDecoder.random(layers=2, heads=HEADS, kv_heads=groups, head_dim=WIDTH, vocabulary=50, seed=groups)
        claimed = float(cache_bytes(tiny.described(), Formats.of(scheme(kv="fp32")), None, 1.0))
        figures.append(exactly(f"{name}: bytes a token", claimed, tiny.cache_nbytes(TOKENS) / TOKENS, "B"))
    tiny = TinyDecoder.random(layers=2, heads=HEADS, kv_heads=2, head_dim=WIDTH, vocabulary=50, seed=2)
    cache = tiny.empty_cache()
    tiny.forward(list(range(TOKENS)), cache)
    rows = np.concatenate(
        [array.reshape(-1, 32) for layer in cache for array in layer]
    )  # a group of 32: one token's row
    scale = (np.abs(rows).max(axis=1, keepdims=True) / 127).astype(np.float16)
    codes = np.round(rows / np.maximum(scale, 1e-8)).astype(np.int8)
    int8 = float(cache_bytes(tiny.described(), Formats.of(scheme(kv="int8-g32")), None, 1.0))
    window = cache[0][0][-16:]
    return reproduction(
        *figures,
        exactly(
            "8 bits in groups of 32 with an FP16 scale: bytes a token",
            int8,
            (codes.nbytes + scale.nbytes) / TOKENS,
            "B",
        ),
        exactly(
            "bits of an element", number_format("int8-g32").bits, (codes.nbytes + scale.nbytes) * 8 / codes.size, "bit"
        ),
        exactly("16 of 40 tokens kept: share of the bytes", 16 / 40, window.nbytes / cache[0][0].nbytes),
        exactly("multi-head over multi-query", HEADS, figures[0].reproduced / figures[2].reproduced),
    )
