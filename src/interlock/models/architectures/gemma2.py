"""Gemma 2: four norms a layer, wide heads, GeGLU, every other layer with a sliding window, tied head.

source: Gemma team 2024, section 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from interlock.models.architectures.llama import assembled, rms
from interlock.models.blocks import Attention, FeedForward, Layer
from interlock.models.config import Config, heads_of, layer_windows
from interlock.models.model import Model
from interlock.models.runs import gathered


def read(config: Config, name: str) -> Model:
    """The model that a config of `model_type` gemma2 describes."""
    layers = config.integer("num_hidden_layers", kind="layers")
    window = config.nullable_integer("sliding_window", default=4096, kind="length")
    windows = layer_windows(config, layers, window, [layer % 2 == 0 for layer in range(layers)])
    return sandwiched(config, name, attention_of(config), windows)


def attention_of(config: Config) -> Attention:
    """Gemma's attention: heads of 256 unless said otherwise, one flag for all biases."""
    heads, kv_heads, head_dim = heads_of(config, kv_heads=4, head_dim=256)
    bias = config.flag("attention_bias", default=False)
    return Attention(heads=heads, kv_heads=kv_heads, head_dim=head_dim, query_bias=bias, kv_bias=bias, output_bias=bias)


def sandwiched(config: Config, name: str, attention: Attention, windows: Sequence[int | None]) -> Model:
    """A decoder that norms before and after both mixer and network."""
    norm = rms(config.integer("hidden_size"))
    network = FeedForward(intermediate=config.integer("intermediate_size"), gated=True, activation="gelu")
    layers = gathered(
        Layer(count=1, mixer=replace(attention, window=window), feed_forward=network, norms=(norm,) * 4)
        for window in windows
    )
    return assembled(config, name, layers, tied=True)
