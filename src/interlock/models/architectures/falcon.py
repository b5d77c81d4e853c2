"""Falcon: attention and network side by side; one KV head (7B) or one for each group of heads (40B, 180B).

source: Almazrouei et al. 2023. Rotary positions or ALiBi: neither has weights.
"""

from __future__ import annotations

from interlock.models.blocks import Attention, FeedForward, Layer, Norm
from interlock.models.config import Config, heads_of, stored_format
from interlock.models.model import Embedding, Head, Model, Stack


def read(config: Config, name: str) -> Model:
    """The model that a config of `model_type` falcon describes."""
    width = config.integer("hidden_size")
    heads, _, head_dim = heads_of(config, single=True)
    grouped = config.flag("new_decoder_architecture", default=False)
    several = grouped or not config.flag("multi_query", default=True)
    kv_heads = config.integer("num_kv_heads", kind="heads", default=heads) if several else 1
    if not grouped and several:
        kv_heads = heads
    if heads % kv_heads:
        raise config.refuse("num_kv_heads", f"a divisor of num_attention_heads {heads}")
    parallel = config.flag("parallel_attn", default=True)
    bias = config.flag("bias", default=False)
    vocabulary = config.integer("vocab_size", kind="vocabulary")
    norm = Norm(kind="layer", elements=width, bias=True)
    inner = config.integer("num_ln_in_parallel_attn", kind="layers", default=2 if grouped else 1)
    layer = Layer(
        count=config.integer("num_hidden_layers", kind="layers"),
        mixer=Attention(
            heads=heads, kv_heads=kv_heads, head_dim=head_dim, query_bias=bias, kv_bias=bias, output_bias=bias
        ),
        feed_forward=FeedForward(
            intermediate=config.integer("ffn_hidden_size", default=4 * width), gated=False, bias=bias, activation="gelu"
        ),
        norms=(norm,) * (inner if parallel and inner == 2 else 1 if parallel else 2),
        parallel=parallel,
    )
    return Model(
        name=name,
        architecture="falcon",
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
