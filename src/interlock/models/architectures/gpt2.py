"""GPT-2, and GPT-3, which shares its shape: LayerNorm, learned positions, GELU, biases everywhere, tied head.

sources: Radford et al. 2019; Brown et al. 2020 (every layer is dense here; the paper alternates with banded ones).
"""

from __future__ import annotations

from interlock.models.blocks import Attention, FeedForward, Layer, Norm
from interlock.models.config import Config, heads_of, stored_format
from interlock.models.model import Embedding, Head, Model, Stack


def read(config: Config, name: str) -> Model:
    """The model that a config of `model_type` gpt2 describes."""
    heads, kv_heads, head_dim = heads_of(config)
    width = config.integer("n_embd", "hidden_size")
    vocabulary = config.integer("vocab_size", kind="vocabulary")
    positions = config.integer("n_positions", "max_position_embeddings", kind="length")
    norm = Norm(kind="layer", elements=width, bias=True)
    layer = Layer(
        count=config.integer("n_layer", "num_hidden_layers", kind="layers"),
        mixer=Attention(
            heads=heads, kv_heads=kv_heads, head_dim=head_dim, query_bias=True, kv_bias=True, output_bias=True
        ),
        feed_forward=FeedForward(
            intermediate=config.integer("n_inner", default=4 * width),
            gated=False,
            bias=True,
            activation="gelu",
        ),
        norms=(norm, norm),
    )
    return Model(
        name=name,
        architecture="gpt2",
        decoder=Stack(
            kind="decoder",
            width=width,
            layers=(layer,),
            embedding=Embedding(rows=vocabulary, width=width, positions=positions),
            final_norms=(norm,),
        ),
        head=Head(rows=vocabulary, width=width, tied=config.flag("tie_word_embeddings", default=True)),
        max_positions=positions,
        stored_format=stored_format(config),
        vocabulary=vocabulary,
    )
