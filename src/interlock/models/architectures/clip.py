"""CLIP: a text encoder with a causal mask and a vision encoder, each projected into one shared space.

source: Radford et al. 2021, section 2.
"""

from __future__ import annotations

from typing import Final

from interlock.models.architectures import clip_vision_model
from interlock.models.architectures.clip_vision_model import encoder
from interlock.models.blocks import Norm, Weight
from interlock.models.config import Config, stored_format
from interlock.models.model import Dense, Embedding, Model, Stack

TEXT_DEFAULTS: Final = {
    "vocab_size": 49408,
    "hidden_size": 512,
    "intermediate_size": 2048,
    "num_hidden_layers": 12,
    "num_attention_heads": 8,
    "max_position_embeddings": 77,
}


def read(config: Config, name: str) -> Model:
    """The model that a config of `model_type` clip describes; a step's images and tokens pass one encoder each."""
    text = config.section("text_config").filled(TEXT_DEFAULTS)
    vision = clip_vision_model.tower(config.section("vision_config").filled(clip_vision_model.DEFAULTS))
    width = text.integer("hidden_size")
    shared = config.integer("projection_dim", default=512)
    positions = text.integer("max_position_embeddings", kind="length")
    vocabulary = text.integer("vocab_size", kind="vocabulary")
    return Model(
        name=name,
        architecture="clip",
        encoder=Stack(
            kind="encoder",
            width=width,
            layers=encoder(text),
            embedding=Embedding(rows=vocabulary, width=width, positions=positions),
            final_norms=(Norm(kind="layer", elements=width, bias=True),),
            extra=(Weight(name="logit_scale", elements=1, group="other"),),
            pooled=(Dense(inputs=width, outputs=shared, bias=False),),
            masked=True,
        ),
        vision=Stack(
            kind="vision",
            width=vision.width,
            layers=vision.layers,
            embedding=vision.embedding,
            patches=vision.patches,
            final_norms=vision.final_norms,
            pooled=(Dense(inputs=vision.width, outputs=shared, bias=False),),
        ),
        max_positions=positions,
        stored_format=stored_format(config),
        vocabulary=vocabulary,
    )
