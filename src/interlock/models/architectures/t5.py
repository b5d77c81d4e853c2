"""T5 and Flan-T5: an encoder and a decoder that attends to it; relative positions learned in the first layer of each.

source: Raffel et al. 2020, section 2.1.
departs: recent versions of `transformers` tie every head; here `tie_word_embeddings` decides, as in the checkpoints.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from interlock.models.blocks import Attention, ChannelMixer, FeedForward, Layer, Norm
from interlock.models.config import Config, stored_format
from interlock.models.model import Embedding, Head, Model, Stack, StackKind
from interlock.models.runs import gathered


def read(config: Config, name: str) -> Model:
    """The model that a config of `model_type` t5 describes."""
    kind = config.choice("feed_forward_proj", ("relu", "gelu", "silu", "gated-gelu", "gated-silu"), "relu")
    network = FeedForward(
        intermediate=config.integer("d_ff"), gated=kind.startswith("gated"), activation=kind.removeprefix("gated-")
    )
    encoder = config.integer("num_layers", kind="layers")
    decoder = config.integer("num_decoder_layers", kind="layers", default=encoder)
    return encoder_decoder(config, name, [network] * encoder, [network] * decoder)


def encoder_decoder(
    config: Config, name: str, encoder: Sequence[ChannelMixer], decoder: Sequence[ChannelMixer]
) -> Model:
    """T5's stacks around the networks of each layer."""
    width = config.integer("d_model")
    heads = config.integer("num_heads", kind="heads")
    vocabulary = config.integer("vocab_size", kind="vocabulary")
    attention = Attention(heads=heads, kv_heads=heads, head_dim=config.integer("d_kv"))
    buckets = config.integer("relative_attention_num_buckets", kind="length", default=32)
    norm = Norm(kind="rms", elements=width)

    def stack(kind: StackKind, networks: Sequence[ChannelMixer]) -> Stack:
        cross = replace(attention, cross=True) if kind == "decoder" else None
        layers = gathered(
            Layer(
                count=1,
                mixer=replace(attention, position_buckets=0 if index else buckets),
                cross=cross,
                feed_forward=network,
                norms=(norm,) * (3 if cross else 2),
            )
            for index, network in enumerate(networks)
        )
        table = Embedding(rows=vocabulary, width=width, shared=kind == "encoder")
        return Stack(kind=kind, width=width, layers=layers, embedding=table, final_norms=(norm,))

    return Model(
        name=name,
        architecture=config.text("model_type"),
        encoder=stack("encoder", encoder),
        decoder=stack("decoder", decoder),
        head=Head(rows=vocabulary, width=width, tied=config.flag("tie_word_embeddings", default=True)),
        max_positions=config.optional_integer("n_positions", kind="length"),
        stored_format=stored_format(config),
        vocabulary=vocabulary,
    )
