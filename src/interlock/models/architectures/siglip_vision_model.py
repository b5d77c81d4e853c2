"""SigLIP's vision tower: a ViT without class token.

source: Zhai et al. 2023.
departs: the attention pooling at its end, which decoders do not use, has weights here but no operators.
"""

from __future__ import annotations

from typing import Final

from interlock.models.architectures.clip_vision_model import encoder, grid
from interlock.models.blocks import Norm, Weight
from interlock.models.config import Config, stored_format
from interlock.models.model import Embedding, Model, Patches, Stack

DEFAULTS: Final = {
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "image_size": 224,
    "patch_size": 16,
}


def read(config: Config, name: str) -> Model:
    """The model that a config of `model_type` siglip_vision_model describes."""
    return Model(
        name=name, architecture="siglip_vision_model", vision=tower(config), stored_format=stored_format(config)
    )


def tower(config: Config) -> Stack:
    """Patches with a bias, positions, pre-norm layers, a last norm."""
    width = config.integer("hidden_size")
    channels, patch, count = grid(config)
    inner = config.integer("intermediate_size")
    pooling = 4 * width * (width + 1) + 2 * inner * width + inner + 4 * width
    used = config.flag("vision_use_head", default=True)
    return Stack(
        kind="vision",
        width=width,
        layers=encoder(config),
        embedding=Embedding(rows=0, width=width, positions=count),
        patches=Patches(channels=channels, patch=patch, count=count, tokens=count),
        final_norms=(Norm(kind="layer", elements=width, bias=True),),
        extra=(Weight(name="attention_pooling", elements=pooling, group="other"),) if used else (),
    )
