"""Gemma 3, its decoder: Gemma 2 with normed queries and keys, and five sliding layers to each full one.

source: Gemma team 2025, section 2.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from interlock.models.architectures.gemma2 import attention_of, sandwiched
from interlock.models.architectures.llama import rms
from interlock.models.config import Config, layer_windows
from interlock.models.model import Model

DEFAULTS: Final = {
    "vocab_size": 262208,
    "hidden_size": 2304,
    "intermediate_size": 9216,
    "num_hidden_layers": 26,
    "num_attention_heads": 8,
    "max_position_embeddings": 131072,
}


def read(config: Config, name: str) -> Model:
    """The model that a config of `model_type` gemma3_text describes."""
    layers = config.integer("num_hidden_layers", kind="layers")
    window = config.nullable_integer("sliding_window", default=4096, kind="length")
    period = config.integer("sliding_window_pattern", "_sliding_window_pattern", kind="layers", default=6)
    windows = layer_windows(config, layers, window, [bool((layer + 1) % period) for layer in range(layers)])
    attention = attention_of(config)
    return sandwiched(config, name, replace(attention, head_norm=rms(attention.head_dim)), windows)
