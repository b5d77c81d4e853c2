"""Phi-1, Phi-1.5 and Phi-2: attention and network side by side behind one LayerNorm, biases everywhere.

source: Li et al. 2023 (Phi-1.5).
"""

from __future__ import annotations

from interlock.models.blocks import Attention, FeedForward, Layer, Norm
from interlock.models.config import Config, heads_of, stored_format
from interlock.models.model import Embedding, Head, Model, Stack


def read(config: Config, name: str) -> Model:
    """The model that a config of `model_type` phi describes."""
    heads, kv_heads, head_dim = heads_of(config)
    width = config.integer("hidden_size")
    vocabulary = config.integer("vocab_size", kind="vocabulary")
    norm = Norm(kind="layer", elements=width, bias=True)
    normed = config.flag("qk_layernorm", default=False)
    layer = Layer(
        count=config.integer("num_hidden_layers", kind="layers"),
        mixer=Attention(
            heads=heads,
            kv_heads=kv_heads,
            head_dim=head_dim,
            query_bias=True,
            kv_bias=True,
            output_bias=True,
            head_norm=Norm(kind="layer", elements=head_dim, bias=True) if normed else None,
        ),
        feed_forward=FeedForward(
            intermediate=config.integer("intermediate_size"), gated=False, bias=True, activation="gelu"
        ),
        norms=(norm,),
        parallel=True,
    )
    return Model(
        name=name,
        architecture="phi",
        decoder=Stack(
            kind="decoder",
            width=width,
            layers=(layer,),
            embedding=Embedding(rows=vocabulary, width=width),
            final_norms=(norm,),
        ),
        head=Head(rows=vocabulary, width=width, tied=config.flag("tie_word_embeddings", default=False), bias=True),
        max_positions=config.optional_integer("max_position_embeddings", kind="length"),
        stored_format=stored_format(config),
        vocabulary=vocabulary,
    )
