"""Phi-3, Phi-3.5 and Phi-4: a LLaMA-shaped decoder, some of them with a sliding window.

sources: Abdin et al. 2024 (Phi-3; Phi-4).
"""

from __future__ import annotations

from interlock.models.architectures.llama import decoder
from interlock.models.blocks import Attention
from interlock.models.config import Config, heads_of
from interlock.models.model import Model


def read(config: Config, name: str) -> Model:
    """The model that a config of `model_type` phi3 describes."""
    heads, kv_heads, head_dim = heads_of(config)
    window = config.optional_integer("sliding_window", kind="length")
    return decoder(config, name, Attention(heads=heads, kv_heads=kv_heads, head_dim=head_dim, window=window))
