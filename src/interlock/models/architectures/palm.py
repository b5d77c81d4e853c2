"""PaLM: one KV head, attention and a gated network side by side, no biases, tied head.

source: Chowdhery et al. 2022, section 2 and table 1. There is no public checkpoint, hence no `model_type` elsewhere.
"""

from __future__ import annotations

from interlock.models.blocks import Attention, FeedForward, Layer, Norm
from interlock.models.config import Config, heads_of, stored_format
from interlock.models.model import Embedding, Head, Model, Stack


def read(config: Config, name: str) -> Model:
    """The model that a config of `model_type` palm describes."""
    heads, kv_heads, head_dim = heads_of(config, kv_heads=1, head_dim=256)
    width = config.integer("hidden_size")
    vocabulary = config.integer("vocab_size", kind="vocabulary")
    norm = Norm(kind="layer", elements=width)
    layer = Layer(
        count=config.integer("num_hidden_layers", kind="layers"),
        mixer=Attention(heads=heads, kv_heads=kv_heads, head_dim=head_dim),
        feed_forward=FeedForward(intermediate=config.integer("intermediate_size", default=4 * width), gated=True),
        norms=(norm,),
        parallel=True,
    )
    return Model(
        name=name,
        architecture="palm",
        decoder=Stack(
            kind="decoder",
            width=width,
            layers=(layer,),
            embedding=Embedding(rows=vocabulary, width=width),
            final_norms=(norm,),
        ),
        head=Head(rows=vocabulary, width=width, tied=config.flag("tie_word_embeddings", default=True)),
        max_positions=config.optional_integer("max_position_embeddings", kind="length"),
        stored_format=stored_format(config),
        vocabulary=vocabulary,
    )
