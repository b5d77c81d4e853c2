"""Qwen (the first): a LLaMA-shaped decoder with biases on queries, keys and values.

source: Bai et al. 2023. Its config's `intermediate_size` is that of gate and up together.
"""

from __future__ import annotations

from interlock.models.architectures.llama import assembled, stacked
from interlock.models.blocks import Attention, FeedForward
from interlock.models.config import Config, heads_of
from interlock.models.model import Model


def read(config: Config, name: str) -> Model:
    """The model that a config of `model_type` qwen describes."""
    heads, _, share = heads_of(config, single=True)
    head_dim = config.integer("kv_channels", default=share)
    both = config.integer("intermediate_size")
    if both % 2:
        raise config.refuse("intermediate_size", "an even number, for gate and up together")
    attention = Attention(heads=heads, kv_heads=heads, head_dim=head_dim, query_bias=True, kv_bias=True)
    network = FeedForward(intermediate=both // 2, gated=True)
    layers = config.integer("num_hidden_layers", kind="layers")
    return assembled(config, name, stacked(config, [attention] * layers, [network] * layers))
