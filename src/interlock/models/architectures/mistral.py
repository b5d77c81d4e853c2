"""Mistral 7B and its kin: a LLaMA-shaped decoder with GQA and, in version 0.1, a sliding window in every layer.

source: Jiang et al. 2023.
"""

from __future__ import annotations

from typing import Final

from interlock.models.architectures.llama import decoder
from interlock.models.blocks import Attention
from interlock.models.config import Config, heads_of
from interlock.models.model import Model

DEFAULTS: Final = {
    "vocab_size": 32000,
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "max_position_embeddings": 131072,
}


def read(config: Config, name: str) -> Model:
    """The model that a config of `model_type` mistral describes; a null window is none, an absent one 4096."""
    heads, kv_heads, head_dim = heads_of(config, kv_heads=8)
    window = config.nullable_integer("sliding_window", default=4096, kind="length")
    return decoder(config, name, Attention(heads=heads, kv_heads=kv_heads, head_dim=head_dim, window=window))
