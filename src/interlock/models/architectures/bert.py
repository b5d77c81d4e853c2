"""BERT: an encoder with norms after its blocks, token types, and a pooler over its first token.

source: Devlin et al. 2019. This is the encoder with its pooler, without a masked-language head.
"""

from __future__ import annotations

from interlock.models.blocks import Attention, FeedForward, Layer, Norm
from interlock.models.config import Config, heads_of, stored_format
from interlock.models.model import Dense, Embedding, Model, Stack


def read(config: Config, name: str) -> Model:
    """The model that a config of `model_type` bert describes."""
    heads, kv_heads, head_dim = heads_of(config, single=True)
    width = config.integer("hidden_size")
    vocabulary = config.integer("vocab_size", kind="vocabulary")
    positions = config.integer("max_position_embeddings", kind="length", default=512)
    norm = Norm(kind="layer", elements=width, bias=True)
    layer = Layer(
        count=config.integer("num_hidden_layers", kind="layers"),
        mixer=Attention(
            heads=heads, kv_heads=kv_heads, head_dim=head_dim, query_bias=True, kv_bias=True, output_bias=True
        ),
        feed_forward=FeedForward(
            intermediate=config.integer("intermediate_size"), gated=False, bias=True, activation="gelu"
        ),
        norms=(norm, norm),
    )
    return Model(
        name=name,
        architecture="bert",
        encoder=Stack(
            kind="encoder",
            width=width,
            layers=(layer,),
            embedding=Embedding(
                rows=vocabulary,
                width=width,
                positions=positions,
                token_types=config.integer("type_vocab_size", kind="vocabulary", default=2),
                small=2 * width,
            ),
            pooled=(Dense(inputs=width, outputs=width),),
        ),
        max_positions=positions,
        stored_format=stored_format(config),
        vocabulary=vocabulary,
    )
