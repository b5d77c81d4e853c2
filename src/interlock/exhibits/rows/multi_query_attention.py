"""Multi-query attention: one KV head divides the cache by the number of heads."""

from interlock.exhibits.base import Reproduction, claim, exactly, reproduction
from interlock.exhibits.tiny_decoder import TinyDecoder

CLAIM = claim("keys and values shared by all heads", "Shazeer 2019, Fast transformer decoding")
MISSING = "the quality after conversion by mean-pooling and uptraining"


def run() -> Reproduction:
    """Bytes of real caches: H heads over one."""
    held = {
        g: TinyDecoder.random(layers=2, heads=8, kv_heads=g, head_dim=8, vocabulary=20, seed=0).cache_nbytes(30)
        for g in (1, 8)
    }
    return reproduction(exactly("cache of 8 KV heads over one of 1", 8, held[8] / held[1]))
