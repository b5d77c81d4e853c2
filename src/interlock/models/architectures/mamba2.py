"""Mamba-2: state space duality, no attention and no network between its layers.

source: Dao and Gu 2024, section 7.
"""

from __future__ import annotations

from interlock.models.architectures.llama import assembled, rms
from interlock.models.architectures.mamba import inner_width
from interlock.models.blocks import Layer, Mamba2
from interlock.models.config import Config
from interlock.models.model import Model


def read(config: Config, name: str) -> Model:
    """The model that a config of `model_type` mamba2 describes."""
    width = config.integer("hidden_size")
    heads = config.integer("num_heads", kind="heads", default=128)
    head_dim = config.integer("head_dim", default=64)
    inner = inner_width(config, "expand")
    if heads * head_dim != inner:
        raise config.refuse("num_heads", f"heads that share {inner} channels, {head_dim} each")
    groups = config.integer("n_groups", kind="heads", default=8)
    if heads % groups:
        raise config.refuse("n_groups", f"a divisor of num_heads {heads}")
    layer = Layer(
        count=config.integer("num_hidden_layers", kind="layers"),
        mixer=Mamba2(
            heads=heads,
            head_dim=head_dim,
            state=config.integer("state_size", default=128),
            groups=groups,
            convolution=config.integer("conv_kernel", default=4),
            chunk=config.integer("chunk_size", kind="length", default=256),
            bias=config.flag("use_bias", default=False),
            convolution_bias=config.flag("use_conv_bias", default=True),
        ),
        feed_forward=None,
        norms=(rms(width),),
    )
    return assembled(config, name, (layer,))
