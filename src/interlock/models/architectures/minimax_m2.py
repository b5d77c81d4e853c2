"""MiniMax-M2: many small experts chosen by a sigmoid, one norm over all queries of a token and one over all keys.

source: MiniMax 2025, the model's card and `modeling_minimax_m2.py` in transformers.
"""

from __future__ import annotations

from interlock.models.architectures.llama import assembled, rms
from interlock.models.blocks import Attention, FeedForward, Layer, MixtureOfExperts
from interlock.models.config import Config, heads_of
from interlock.models.model import Model


def read(config: Config, name: str) -> Model:
    """The model that a config of `model_type` minimax_m2 describes."""
    heads, kv_heads, head_dim = heads_of(config, kv_heads=8, head_dim=128)
    width = config.integer("hidden_size")
    experts = config.integer("num_local_experts", kind="experts", default=256)
    top_k = config.integer("num_experts_per_tok", kind="experts", default=8)
    if top_k > experts:
        raise config.refuse("num_experts_per_tok", f"at most num_local_experts {experts}")
    layer = Layer(
        count=config.integer("num_hidden_layers", kind="layers"),
        mixer=Attention(heads=heads, kv_heads=kv_heads, head_dim=head_dim, whole_norms=True),
        feed_forward=MixtureOfExperts(
            experts=experts,
            top_k=top_k,
            expert=FeedForward(intermediate=config.integer("intermediate_size", default=1536), gated=True),
        ),
        norms=(rms(width), rms(width)),
    )
    return assembled(config, name, (layer,))
