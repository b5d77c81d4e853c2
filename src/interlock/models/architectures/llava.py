"""LLaVA: CLIP's vision tower, a two-layer projector, and any decoder.

source: Liu et al. 2023 (LLaVA; LLaVA-1.5 for the two-layer projector).
departs: the decoder reads the last layer but one of the tower; all its layers are counted, as reference code runs them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from interlock.models.architectures import clip_vision_model
from interlock.models.config import Config, stored_format
from interlock.models.model import Model, Stack
from interlock.models.registry import nested

VISION_DEFAULTS: Final = {
    "hidden_size": 1024,
    "intermediate_size": 4096,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "image_size": 336,
    "patch_size": 14,
}


def read(config: Config, name: str) -> Model:
    """The model that a config of `model_type` llava describes."""
    return joined(config, name, tower(config), default="llama")


def tower(config: Config) -> Stack:
    """The vision tower with the number of tokens it hands over: the class token only where the strategy is "full"."""
    found = clip_vision_model.tower(_vision(config))
    strategy = config.choice("vision_feature_select_strategy", ("default", "full"), "default")
    patches = found.patches
    assert patches is not None
    return replace(found, patches=replace(patches, tokens=patches.count - (strategy == "default")))


def joined(config: Config, name: str, vision: Stack, *, default: str, small: int = 0) -> Model:
    """Tower, projector and decoder as one model; `default` is the decoder's `model_type` where none is named."""
    reader, section = nested(config, "text_config", default)
    text: Model = reader.read(section, name)
    layer = config.data.get("vision_feature_layer")
    features = len(layer) if isinstance(layer, list) else 1
    width = text.main.width
    return replace(
        text,
        architecture=config.text("model_type"),
        vision=vision,
        projector=((vision.width * features, width), (width, width)),
        projector_bias=config.flag("multimodal_projector_bias", default=True),
        projector_small=small * width,
        stored_format=stored_format(config) if config.has("quantization_config") else text.stored_format,
    )


def _vision(config: Config) -> Config:
    """The tower's config: LLaVA's own where it is left out, CLIP's defaults where it is partly left out."""
    section = config.section("vision_config")
    if section.data:
        section.choice("model_type", ("clip_vision_model",), "clip_vision_model")
    return section.filled(clip_vision_model.DEFAULTS if section.data else VISION_DEFAULTS)
