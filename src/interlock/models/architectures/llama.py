"""LLaMA 1, 2 and 3.x, and the many models that share its shape: RMSNorm, rotary positions, SwiGLU, GQA.

sources: Touvron et al. 2023 (LLaMA, Llama 2); Llama team 2024 (Llama 3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from interlock.models.blocks import Attention, ChannelMixer, FeedForward, Layer, Mixer, Norm
from interlock.models.config import Config, heads_of, stored_format
from interlock.models.model import Embedding, Head, Model, Stack
from interlock.models.runs import gathered

DEFAULTS: Final = {
    "vocab_size": 32000,
    "hidden_size": 4096,
    "intermediate_size": 11008,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "max_position_embeddings": 2048,
}  # what a nested config leaves out


def read(config: Config, name: str) -> Model:
    """The model that a config of `model_type` llama describes."""
    bias = config.flag("attention_bias", default=False)
    heads, kv_heads, head_dim = heads_of(config)
    attention = Attention(
        heads=heads,
        kv_heads=kv_heads,
        head_dim=head_dim,
        query_bias=bias,
        kv_bias=bias,
        output_bias=bias,
        window=config.optional_integer("sliding_window", kind="length"),
    )
    return decoder(config, name, attention, mlp_bias=config.flag("mlp_bias", default=False))


def decoder(config: Config, name: str, attention: Attention, *, mlp_bias: bool = False, tied: bool = False) -> Model:
    """A LLaMA-shaped decoder around any attention: what Mistral and Phi-3 are, too."""
    network = FeedForward(intermediate=config.integer("intermediate_size"), gated=True, bias=mlp_bias)
    layers = config.integer("num_hidden_layers", kind="layers")
    return assembled(config, name, stacked(config, [attention] * layers, [network] * layers), tied=tied)


def stacked(config: Config, mixers: Sequence[Mixer], networks: Sequence[ChannelMixer]) -> tuple[Layer, ...]:
    """Layers with an RMSNorm before the mixer and one before the network, alike ones gathered."""
    norm = rms(config.integer("hidden_size"))
    pairs = zip(mixers, networks, strict=True)
    return gathered(Layer(count=1, mixer=mixer, feed_forward=network, norms=(norm, norm)) for mixer, network in pairs)


def windowed(attention: Attention, windows: Sequence[int | None]) -> list[Attention]:
    """The same attention with the window of each layer."""
    return [replace(attention, window=window) for window in windows]


def assembled(config: Config, name: str, layers: tuple[Layer, ...], *, tied: bool = False) -> Model:
    """Token embedding, layers, final RMSNorm, head without bias."""
    width = config.integer("hidden_size")
    vocabulary = config.integer("vocab_size", kind="vocabulary")
    return Model(
        name=name,
        architecture=config.text("model_type", default="llama"),
        decoder=Stack(
            kind="decoder",
            width=width,
            layers=layers,
            embedding=Embedding(rows=vocabulary, width=width),
            final_norms=(rms(width),),
        ),
        head=Head(rows=vocabulary, width=width, tied=config.flag("tie_word_embeddings", default=tied)),
        max_positions=config.optional_integer("max_position_embeddings", kind="length"),
        stored_format=stored_format(config),
        vocabulary=vocabulary,
    )


def rms(elements: int) -> Norm:
    """An RMSNorm with its scale."""
    return Norm(kind="rms", elements=elements)
