"""GPT-J: attention without biases and a network with them, side by side behind one LayerNorm; the head has a bias.

source: Wang and Komatsuzaki 2021.
"""

from __future__ import annotations

from interlock.models.blocks import Attention, FeedForward, Layer, Norm
from interlock.models.config import Config, heads_of, stored_format
from interlock.models.model import Embedding, Head, Model, Stack


def read(config: Config, name: str) -> Model:
    """The model that a config of `model_type` gptj describes."""
    heads, kv_heads, head_dim = heads_of(config, single=True)
    width = config.integer("n_embd", "hidden_size")
    vocabulary = config.integer("vocab_size", kind="vocabulary")
    norm = Norm(kind="layer", elements=width, bias=True)
    inner = config.integer("n_inner", default=4 * width)
    layer = Layer(
        count=config.integer("n_layer", "num_hidden_layers", kind="layers"),
        mixer=Attention(heads=heads, kv_heads=kv_heads, head_dim=head_dim),
        feed_forward=FeedForward(intermediate=inner, gated=False, bias=True, activation="gelu"),
        norms=(norm,),
        parallel=True,
    )
    return Model(
        name=name,
        architecture="gptj",
        decoder=Stack(
            kind="decoder",
            width=width,
            layers=(layer,),
            embedding=Embedding(rows=vocabulary, width=width),
            final_norms=(norm,),
        ),
        head=Head(rows=vocabulary, width=width, tied=config.flag("tie_word_embeddings", default=False), bias=True),
        max_positions=config.optional_integer("n_positions", kind="length"),
        stored_format=stored_format(config),
        vocabulary=vocabulary,
    )
