"""Qwen3: a LLaMA-shaped decoder that norms each head's queries and keys.

source: Qwen team 2025, section 2.
"""

from __future__ import annotations

from typing import Final

from interlock.models.architectures import qwen2
from interlock.models.architectures.llama import rms
from interlock.models.blocks import Attention
from interlock.models.config import Config, heads_of
from interlock.models.model import Model

DEFAULTS: Final = qwen2.DEFAULTS


def read(config: Config, name: str) -> Model:
    """The model that a config of `model_type` qwen3 describes."""
    return qwen2.dense(config, name, attention_of(config, *heads_of(config, kv_heads=32, head_dim=128)))


def attention_of(config: Config, heads: int, kv_heads: int, head_dim: int) -> Attention:
    """Attention with normed heads; the one bias flag covers all four projections."""
    bias = config.flag("attention_bias", default=False)
    return Attention(
        heads=heads,
        kv_heads=kv_heads,
        head_dim=head_dim,
        query_bias=bias,
        kv_bias=bias,
        output_bias=bias,
        head_norm=rms(head_dim),
    )
