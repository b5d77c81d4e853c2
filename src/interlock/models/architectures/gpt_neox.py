"""GPT-NeoX and Pythia: attention and network side by side, each behind its own LayerNorm.

source: Black et al. 2022, section 2.
"""

from __future__ import annotations

from interlock.models.blocks import Attention, FeedForward, Layer, Norm
from interlock.models.config import Config, heads_of, stored_format
from interlock.models.model import Embedding, Head, Model, Stack


def read(config: Config, name: str) -> Model:
    """The model that a config of `model_type` gpt_neox describes."""
    heads, kv_heads, head_dim = heads_of(config, single=True)
    width = config.integer("hidden_size")
    vocabulary = config.integer("vocab_size", kind="vocabulary")
    norm = Norm(kind="layer", elements=width, bias=True)
    bias = config.flag("attention_bias", default=True)
    layer = Layer(
        count=config.integer("num_hidden_layers", kind="layers"),
        mixer=Attention(
            heads=heads, kv_heads=kv_heads, head_dim=head_dim, query_bias=bias, kv_bias=bias, output_bias=bias
        ),
        feed_forward=FeedForward(
            intermediate=config.integer("intermediate_size"), gated=False, bias=True, activation="gelu"
        ),
        norms=(norm, norm),
        parallel=config.flag("use_parallel_residual", default=True),
    )
    return Model(
        name=name,
        architecture="gpt_neox",
        decoder=Stack(
            kind="decoder",
            width=width,
            layers=(layer,),
            embedding=Embedding(rows=vocabulary, width=width),
            final_norms=(norm,),
        ),
        head=Head(rows=vocabulary, width=width, tied=config.flag("tie_word_embeddings", default=False)),
        max_positions=config.optional_integer("max_position_embeddings", kind="length"),
        stored_format=stored_format(config),
        vocabulary=vocabulary,
    )
