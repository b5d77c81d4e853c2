"""Grok-1: a decoder with four norms a layer and eight gated experts, two of them for each token; tied head.

source: the published model code, xai-org/grok-1 (2024).
"""

from __future__ import annotations

from interlock.models.architectures.llama import assembled, rms
from interlock.models.blocks import Attention, FeedForward, Layer, MixtureOfExperts
from interlock.models.config import Config, heads_of
from interlock.models.model import Model


def read(config: Config, name: str) -> Model:
    """The model that a config of `model_type` grok1 describes."""
    heads, kv_heads, head_dim = heads_of(config)
    experts = config.integer("num_local_experts", "num_experts", kind="experts", default=8)
    top_k = config.integer("num_experts_per_tok", kind="experts", default=2)
    if top_k > experts:
        raise config.refuse("num_experts_per_tok", f"at most num_local_experts {experts}")
    inner = config.integer("intermediate_size")
    layer = Layer(
        count=config.integer("num_hidden_layers", kind="layers"),
        mixer=Attention(heads=heads, kv_heads=kv_heads, head_dim=head_dim),
        feed_forward=MixtureOfExperts(
            experts=experts, top_k=top_k, expert=FeedForward(intermediate=inner, gated=True, activation="gelu")
        ),
        norms=(rms(config.integer("hidden_size")),) * 4,
    )
    return assembled(config, name, (layer,), tied=True)
