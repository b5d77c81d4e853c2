"""Mixtral: a LLaMA-shaped decoder whose feed-forward networks are eight experts, two of them for each token.

source: Jiang et al. 2024.
"""

from __future__ import annotations

from interlock.models.architectures.llama import assembled, rms
from interlock.models.blocks import Attention, FeedForward, Layer, MixtureOfExperts
from interlock.models.config import Config, heads_of
from interlock.models.model import Model


def read(config: Config, name: str) -> Model:
    """The model that a config of `model_type` mixtral describes."""
    heads, kv_heads, head_dim = heads_of(config, kv_heads=8)
    width = config.integer("hidden_size")
    experts = config.integer("num_local_experts", kind="experts", default=8)
    top_k = config.integer("num_experts_per_tok", kind="experts", default=2)
    if top_k > experts:
        raise config.refuse("num_experts_per_tok", f"at most num_local_experts {experts}")
    window = config.optional_integer("sliding_window", kind="length")
    layer = Layer(
        count=config.integer("num_hidden_layers", kind="layers"),
        mixer=Attention(heads=heads, kv_heads=kv_heads, head_dim=head_dim, window=window),
        feed_forward=MixtureOfExperts(
            experts=experts,
            top_k=top_k,
            expert=FeedForward(intermediate=config.integer("intermediate_size"), gated=True),
        ),
        norms=(rms(width), rms(width)),
    )
    return assembled(config, name, (layer,))
