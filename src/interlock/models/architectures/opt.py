"""OPT: GPT-3's shape with ReLU; the 350M size norms after its blocks and embeds in a narrower space.

source: Zhang et al. 2022, table 1. Two position rows more than positions: their index starts at 2.
"""

from __future__ import annotations

from interlock.models.blocks import Attention, FeedForward, Layer, Norm
from interlock.models.config import Config, heads_of, stored_format
from interlock.models.model import Embedding, Head, Model, Stack


def read(config: Config, name: str) -> Model:
    """The model that a config of `model_type` opt describes."""
    heads, kv_heads, head_dim = heads_of(config, single=True)
    width = config.integer("hidden_size")
    narrow = config.integer("word_embed_proj_dim", default=width)
    vocabulary = config.integer("vocab_size", kind="vocabulary")
    positions = config.integer("max_position_embeddings", kind="length", default=2048)
    bias = config.flag("enable_bias", default=True)
    affine = config.flag("layer_norm_elementwise_affine", default=True)
    norm = Norm(kind="layer", elements=width, bias=affine, scale=affine)
    layer = Layer(
        count=config.integer("num_hidden_layers", kind="layers"),
        mixer=Attention(
            heads=heads, kv_heads=kv_heads, head_dim=head_dim, query_bias=bias, kv_bias=bias, output_bias=bias
        ),
        feed_forward=FeedForward(intermediate=config.integer("ffn_dim"), gated=False, bias=bias, activation="relu"),
        norms=(norm, norm),
    )
    last = config.flag("do_layer_norm_before", default=True)
    last = last and not config.flag("_remove_final_layer_norm", default=False)
    projected = narrow != width
    return Model(
        name=name,
        architecture="opt",
        decoder=Stack(
            kind="decoder",
            width=width,
            layers=(layer,),
            embedding=Embedding(
                rows=vocabulary,
                width=narrow,
                projection=narrow * width if projected else 0,
                small=(positions + 2) * width,
            ),
            final_norms=(norm,) if last else (),
        ),
        head=Head(
            rows=vocabulary,
            width=narrow,
            tied=config.flag("tie_word_embeddings", default=True),
            inputs=width if projected else None,
        ),
        max_positions=positions,
        stored_format=stored_format(config),
        vocabulary=vocabulary,
    )
