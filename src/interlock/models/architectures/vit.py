"""Vision Transformer: patches as tokens, with a pooler, or with a classifier where the config names that task.

source: Dosovitskiy et al. 2021, section 3.1.
"""

from __future__ import annotations

from interlock.models.architectures.clip_vision_model import encoder, grid
from interlock.models.blocks import Norm
from interlock.models.config import Config, stored_format
from interlock.models.model import Dense, Embedding, Model, Patches, Stack


def read(config: Config, name: str) -> Model:
    """The model that a config of `model_type` vit describes: with a pooler, or with the classifier it names."""
    width = config.integer("hidden_size")
    channels, patch, count = grid(config)
    tasks = config.items("architectures") or []
    labels = config.section("id2label").data
    classes = config.integer("num_labels", kind="vocabulary", default=len(labels) or 2)
    pooler = config.integer("pooler_output_size", default=width)
    return Model(
        name=name,
        architecture="vit",
        vision=Stack(
            kind="vision",
            width=width,
            layers=encoder(config, qkv_bias=config.flag("qkv_bias", default=True)),
            embedding=Embedding(rows=0, width=width, positions=count + 1, small=width),
            patches=Patches(channels=channels, patch=patch, count=count + 1, tokens=count, class_tokens=1),
            final_norms=(Norm(kind="layer", elements=width, bias=True),),
            pooled=(Dense(inputs=width, outputs=classes if "ViTForImageClassification" in tasks else pooler),),
        ),
        stored_format=stored_format(config),
    )
