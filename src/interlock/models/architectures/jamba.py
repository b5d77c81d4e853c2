"""Jamba: one attention layer to seven Mamba layers, experts in every other layer.

source: Lieber et al. 2024, section 3.
"""

from __future__ import annotations

from interlock.models.architectures.llama import assembled, rms, stacked
from interlock.models.architectures.mamba import inner_width, step_rank
from interlock.models.blocks import Attention, ChannelMixer, FeedForward, Mamba, Mixer, MixtureOfExperts
from interlock.models.config import Config, heads_of
from interlock.models.model import Model


def read(config: Config, name: str) -> Model:
    """The model that a config of `model_type` jamba describes."""
    heads, kv_heads, head_dim = heads_of(config, kv_heads=8)
    attention = Attention(heads=heads, kv_heads=kv_heads, head_dim=head_dim)
    rank = step_rank(config, "mamba_dt_rank")
    state = config.integer("mamba_d_state", default=16)
    mamba = Mamba(
        inner=inner_width(config, "mamba_expand"),
        state=state,
        convolution=config.integer("mamba_d_conv", default=4),
        rank=rank,
        bias=config.flag("mamba_proj_bias", default=False),
        convolution_bias=config.flag("mamba_conv_bias", default=True),
        inner_norms=(rms(rank), rms(state), rms(state)),
    )
    dense = FeedForward(intermediate=config.integer("intermediate_size"), gated=True)
    experts = config.integer("num_experts", "num_local_experts", kind="experts", default=16)
    top_k = config.integer("num_experts_per_tok", kind="experts", default=2)
    if top_k > experts > 1:
        raise config.refuse("num_experts_per_tok", f"at most num_experts {experts}")
    mixture = MixtureOfExperts(experts=experts, top_k=top_k, expert=dense)
    layers = config.integer("num_hidden_layers", kind="layers")
    attends = _every(config, layers, "attn", period=8, offset=4)
    sparse = _every(config, layers, "expert", period=2, offset=1)
    mixers: list[Mixer] = [attention if yes else mamba for yes in attends]
    networks: list[ChannelMixer] = [mixture if yes and experts > 1 else dense for yes in sparse]
    return assembled(config, name, stacked(config, mixers, networks))


def _every(config: Config, layers: int, part: str, *, period: int, offset: int) -> list[bool]:
    period = config.integer(f"{part}_layer_period", kind="layers", default=period)
    offset = config.integer(f"{part}_layer_offset", kind="layers", default=offset, minimum=0)
    if offset >= period:
        raise config.refuse(f"{part}_layer_offset", f"less than {part}_layer_period {period}")
    return [layer % period == offset for layer in range(layers)]
