"""Qwen3-MoE: Qwen3 attention, 128 small experts, none shared.

source: Qwen team 2025, table 2.
"""

from __future__ import annotations

from interlock.models.architectures.qwen2_moe import sparse
from interlock.models.architectures.qwen3 import attention_of
from interlock.models.blocks import FeedForward, MixtureOfExperts
from interlock.models.config import Config, heads_of
from interlock.models.model import Model


def read(config: Config, name: str) -> Model:
    """The model that a config of `model_type` qwen3_moe describes."""
    attention = attention_of(config, *heads_of(config, kv_heads=4))
    mixture = MixtureOfExperts(
        experts=config.integer("num_experts", "num_local_experts", kind="experts", default=128),
        top_k=config.integer("num_experts_per_tok", kind="experts", default=8),
        expert=FeedForward(intermediate=config.integer("moe_intermediate_size", default=768), gated=True),
    )
    return sparse(config, name, attention, mixture)
