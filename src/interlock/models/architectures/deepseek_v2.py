"""DeepSeek-V2: latent attention, many small routed experts beside shared ones, dense first layers.

source: DeepSeek-AI 2024 (DeepSeek-V2), section 2.
"""

from __future__ import annotations

from interlock.models.architectures.llama import assembled, stacked
from interlock.models.blocks import ChannelMixer, FeedForward, LatentAttention, MixtureOfExperts
from interlock.models.config import Config
from interlock.models.model import Model


def read(config: Config, name: str) -> Model:
    """The model that a config of `model_type` deepseek_v2 describes."""
    return latent(config, name, experts=64, shared=2, top_k=None, first_dense=0, narrow=1407)


def latent(
    config: Config, name: str, *, experts: int, shared: int, top_k: int | None, first_dense: int, narrow: int
) -> Model:
    """A DeepSeek decoder; the arguments are what absent fields mean."""
    heads = config.integer("num_attention_heads", kind="heads")
    if config.integer("num_key_value_heads", kind="heads", default=heads) != heads:
        raise config.refuse("num_key_value_heads", f"num_attention_heads {heads}: the latent is one for all heads")
    attention = LatentAttention(
        heads=heads,
        query_rank=config.nullable_integer("q_lora_rank", default=1536),
        latent=config.integer("kv_lora_rank", default=512),
        nope=config.integer("qk_nope_head_dim", default=128),
        rope=config.integer("qk_rope_head_dim", default=64),
        value=config.integer("v_head_dim", default=128),
        bias=config.flag("attention_bias", default=False),
    )
    experts = config.integer("n_routed_experts", "num_experts", "num_local_experts", kind="experts", default=experts)
    chosen = config.integer("num_experts_per_tok", kind="experts", default=top_k)
    if chosen > experts:
        raise config.refuse("num_experts_per_tok", f"at most n_routed_experts {experts}")
    inner = config.integer("moe_intermediate_size", default=narrow)
    common = config.nullable_integer("n_shared_experts", default=shared, kind="experts")
    bias = config.flag("mlp_bias", default=False)
    mixture = MixtureOfExperts(
        experts=experts,
        top_k=chosen,
        expert=FeedForward(intermediate=inner, gated=True),
        shared=FeedForward(intermediate=inner * common, gated=True, bias=bias) if common else None,
    )
    dense = FeedForward(intermediate=config.integer("intermediate_size"), gated=True, bias=bias)
    layers = config.integer("num_hidden_layers", kind="layers")
    first = config.integer("first_k_dense_replace", kind="layers", default=first_dense, minimum=0)
    every = config.integer("moe_layer_freq", kind="layers", default=1)
    networks: list[ChannelMixer] = [
        mixture if layer >= first and layer % every == 0 else dense for layer in range(layers)
    ]
    return assembled(config, name, stacked(config, [attention] * layers, networks))
