"""Switch Transformers: T5 with top-1 experts in every few layers.

source: Fedus et al. 2022, section 2 and table 9.
departs: no token is dropped, whatever an expert's capacity.
"""

from __future__ import annotations

from interlock.models.architectures.t5 import encoder_decoder
from interlock.models.blocks import ChannelMixer, FeedForward, MixtureOfExperts
from interlock.models.config import Config
from interlock.models.model import Model


def read(config: Config, name: str) -> Model:
    """The model that a config of `model_type` switch_transformers describes."""
    dense = FeedForward(
        intermediate=config.integer("d_ff"), gated=False, activation=config.text("dense_act_fn", default="relu")
    )
    mixture = MixtureOfExperts(
        experts=config.integer("num_experts", kind="experts"),
        top_k=1,
        expert=dense,
        router_bias=config.flag("router_bias", default=False),
    )

    def networks(side: str, layers: int) -> list[ChannelMixer]:
        sparse = config.integer(f"num_sparse_{side}_layers", kind="layers", default=3, minimum=0)
        step = layers // sparse if sparse else 0
        return [mixture if step == 1 or (step and layer % step == 1) else dense for layer in range(layers)]

    encoder = config.integer("num_layers", kind="layers")
    decoder = config.nullable_integer("num_decoder_layers", kind="layers", default=12) or encoder
    return encoder_decoder(config, name, networks("encoder", encoder), networks("decoder", decoder))
