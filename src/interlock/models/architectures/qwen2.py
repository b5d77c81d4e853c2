"""Qwen2 and Qwen2.5: a LLaMA-shaped decoder with biases on queries, keys and values; some upper layers may slide.

sources: Qwen team 2024 (Qwen2), 2025 (Qwen2.5).
"""

from __future__ import annotations

from typing import Final

from interlock.models.architectures.llama import assembled, stacked, windowed
from interlock.models.blocks import Attention, FeedForward
from interlock.models.config import Config, heads_of, layer_windows
from interlock.models.model import Model

DEFAULTS: Final = {
    "vocab_size": 151936,
    "hidden_size": 4096,
    "intermediate_size": 22016,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "max_position_embeddings": 32768,
}


def read(config: Config, name: str) -> Model:
    """The model that a config of `model_type` qwen2 describes."""
    heads, kv_heads, head_dim = heads_of(config, kv_heads=32)
    attention = Attention(heads=heads, kv_heads=kv_heads, head_dim=head_dim, query_bias=True, kv_bias=True)
    return dense(config, name, attention)


def dense(config: Config, name: str, attention: Attention) -> Model:
    """A Qwen decoder without experts."""
    network = FeedForward(intermediate=config.integer("intermediate_size"), gated=True)
    windows = windows_of(config)
    return assembled(config, name, stacked(config, windowed(attention, windows), [network] * len(windows)))


def windows_of(config: Config) -> list[int | None]:
    """The window of each layer: with `use_sliding_window`, layers from `max_window_layers` on slide."""
    layers = config.integer("num_hidden_layers", kind="layers")
    window = None
    if config.flag("use_sliding_window", default=False):
        window = config.nullable_integer("sliding_window", default=4096, kind="length")
    first = config.integer("max_window_layers", kind="layers", default=28, minimum=0)
    return layer_windows(config, layers, window, [window is not None and layer >= first for layer in range(layers)])
