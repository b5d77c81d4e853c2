"""Falcon: one KV head in the 7B, eight in the 40B and 180B."""

from interlock.exhibits.base import Reproduction, claim, exactly, reproduction
from interlock.exhibits.model_size import about, kv_token_bytes

CLAIM = claim(
    "7B multi-query, 40B and 180B grouped-query decoders", "Almazrouei et al. 2023, The Falcon series, table 14"
)


def run() -> Reproduction:
    """KV bytes of a token at FP16 from layers, KV heads and head width: 2 x L x g x 64 x 2."""
    shapes = {"falcon-7b": (32, 1), "falcon-40b": (60, 8), "falcon-180b": (80, 8)}
    return reproduction(
        *(
            exactly(f"KV cache of a token, {name}", 2 * layers * heads * 64 * 2, kv_token_bytes(name), "B")
            for name, (layers, heads) in shapes.items()
        ),
        about("falcon-180b", 180e9),
    )
