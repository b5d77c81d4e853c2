"""Qwen1.5-MoE and Qwen2-MoE: many small experts and one shared expert behind a gate of its own.

source: Qwen team 2024, section 2.2.2.
"""

from __future__ import annotations

from interlock.models.architectures.llama import assembled, stacked, windowed
from interlock.models.architectures.qwen2 import windows_of
from interlock.models.blocks import Attention, ChannelMixer, FeedForward, MixtureOfExperts
from interlock.models.config import Config, heads_of
from interlock.models.model import Model


def read(config: Config, name: str) -> Model:
    """The model that a config of `model_type` qwen2_moe describes."""
    heads, kv_heads, head_dim = heads_of(config, kv_heads=16)
    bias = config.flag("qkv_bias", default=True)
    attention = Attention(heads=heads, kv_heads=kv_heads, head_dim=head_dim, query_bias=bias, kv_bias=bias)
    shared = config.integer("shared_expert_intermediate_size", default=5632)
    mixture = MixtureOfExperts(
        experts=config.integer("num_experts", "num_local_experts", kind="experts", default=60),
        top_k=config.integer("num_experts_per_tok", kind="experts", default=4),
        expert=FeedForward(intermediate=config.integer("moe_intermediate_size", default=1408), gated=True),
        shared=FeedForward(intermediate=shared, gated=True),
        shared_gate=True,
    )
    return sparse(config, name, attention, mixture)


def sparse(config: Config, name: str, attention: Attention, mixture: MixtureOfExperts) -> Model:
    """A Qwen decoder with experts in all layers but `mlp_only_layers` and those that `decoder_sparse_step` skips."""
    if mixture.top_k > mixture.experts:
        raise config.refuse("num_experts_per_tok", f"at most num_experts {mixture.experts}")
    dense = FeedForward(intermediate=config.integer("intermediate_size", default=5632), gated=True)
    step = config.integer("decoder_sparse_step", kind="layers", default=1)
    excepted = config.items("mlp_only_layers") or []
    windows = windows_of(config)
    networks: list[ChannelMixer] = [
        mixture if layer not in excepted and (layer + 1) % step == 0 else dense for layer in range(len(windows))
    ]
    return assembled(config, name, stacked(config, windowed(attention, windows), networks))
