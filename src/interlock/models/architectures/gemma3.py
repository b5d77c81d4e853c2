"""Gemma 3 with its vision tower: SigLIP, patches pooled to a fixed number of tokens, one matrix into the decoder.

source: Gemma team 2025, section 2.1.
departs: image tokens see each other in both directions; they are counted as causal here.
"""

from __future__ import annotations

from dataclasses import replace

from interlock.models.architectures import siglip_vision_model
from interlock.models.config import Config, stored_format
from interlock.models.model import Model
from interlock.models.registry import nested


def read(config: Config, name: str) -> Model:
    """The model that a config of `model_type` gemma3 describes."""
    reader, section = nested(config, "text_config", "gemma3_text")
    text: Model = reader.read(section, name)
    _, vision_config = nested(config, "vision_config", "siglip_vision_model")
    tower = siglip_vision_model.tower(vision_config)
    tokens = config.integer("mm_tokens_per_image", kind="length", default=256)
    assert tower.patches is not None
    if tower.patches.count % tokens:
        raise config.refuse("mm_tokens_per_image", f"a divisor of the {tower.patches.count} patches of an image")
    return replace(
        text,
        architecture="gemma3",
        vision=replace(tower, patches=replace(tower.patches, tokens=tokens)),
        projector=((tower.width, text.main.width),),
        projector_bias=False,
        projector_small=tower.width,
        stored_format=stored_format(config) if config.has("quantization_config") else text.stored_format,
    )
