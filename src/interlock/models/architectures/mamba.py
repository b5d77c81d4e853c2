"""Mamba: selective state spaces only, no attention and no network between them.

source: Gu and Dao 2023, section 3.4.
"""

from __future__ import annotations

import math

from interlock.models.architectures.llama import assembled, rms
from interlock.models.blocks import Layer, Mamba
from interlock.models.config import Config
from interlock.models.model import Model


def read(config: Config, name: str) -> Model:
    """The model that a config of `model_type` mamba describes."""
    width = config.integer("hidden_size")
    layer = Layer(
        count=config.integer("num_hidden_layers", kind="layers"),
        mixer=Mamba(
            inner=config.integer("intermediate_size", default=inner_width(config, "expand")),
            state=config.integer("state_size", default=16),
            convolution=config.integer("conv_kernel", default=4),
            rank=step_rank(config, "time_step_rank"),
            bias=config.flag("use_bias", default=False),
            convolution_bias=config.flag("use_conv_bias", default=True),
        ),
        feed_forward=None,
        norms=(rms(width),),
    )
    return assembled(config, name, (layer,), tied=True)


def inner_width(config: Config, expand: str) -> int:
    """Channels of the state space, a multiple of the model's width that may be a fraction."""
    inner = int(config.number(expand, default=2.0, maximum=1000.0) * config.integer("hidden_size"))
    if inner < 1:
        raise config.refuse(expand, "a factor that leaves at least one channel")
    return inner


def step_rank(config: Config, field: str) -> int:
    """Rank of the step size; "auto", or nothing, is a sixteenth of the model's width."""
    if config.data.get(field) in (None, "auto"):
        return math.ceil(config.integer("hidden_size") / 16)
    return config.integer(field)
