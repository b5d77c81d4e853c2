"""gpt-oss: small experts in every layer, every other layer with a short window, a learned sink for each head.

source: OpenAI 2025 (gpt-oss-120b and gpt-oss-20b model card), section 2.
"""

from __future__ import annotations

from dataclasses import replace

from interlock.models.architectures.llama import assembled, rms
from interlock.models.blocks import Attention, FeedForward, Layer, MixtureOfExperts
from interlock.models.config import Config, heads_of, layer_windows
from interlock.models.model import Model
from interlock.models.runs import gathered


def read(config: Config, name: str) -> Model:
    """The model that a config of `model_type` gpt_oss describes."""
    heads, kv_heads, head_dim = heads_of(config, kv_heads=8, head_dim=64)
    width = config.integer("hidden_size")
    experts = config.integer("num_local_experts", kind="experts", default=128)
    top_k = config.integer("num_experts_per_tok", kind="experts", default=4)
    if top_k > experts:
        raise config.refuse("num_experts_per_tok", f"at most num_local_experts {experts}")
    bias = config.flag("attention_bias", default=True)
    attention = Attention(
        heads=heads,
        kv_heads=kv_heads,
        head_dim=head_dim,
        query_bias=bias,
        kv_bias=bias,
        output_bias=bias,
        sinks=True,
    )
    mixture = MixtureOfExperts(
        experts=experts,
        top_k=top_k,
        expert=FeedForward(intermediate=config.integer("intermediate_size", default=2880), gated=True, bias=True),
        router_bias=True,
    )
    count = config.integer("num_hidden_layers", kind="layers")
    window = config.nullable_integer("sliding_window", default=128, kind="length")
    windows = layer_windows(config, count, window, [layer % 2 == 0 for layer in range(count)])
    layers = gathered(
        Layer(count=1, mixer=replace(attention, window=one), feed_forward=mixture, norms=(rms(width),) * 2)
        for one in windows
    )
    return assembled(config, name, layers)
