"""CLIP's vision tower: a ViT with a norm before its layers and no bias on its patches.

source: Radford et al. 2021, section 2.4.
"""

from __future__ import annotations

from typing import Final

from interlock.models.blocks import Attention, FeedForward, Layer, Norm
from interlock.models.config import Config, heads_of, stored_format
from interlock.models.model import Embedding, Model, Patches, Stack

DEFAULTS: Final = {
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "image_size": 224,
    "patch_size": 32,
}


def read(config: Config, name: str) -> Model:
    """The model that a config of `model_type` clip_vision_model describes."""
    return Model(name=name, architecture="clip_vision_model", vision=tower(config), stored_format=stored_format(config))


def tower(config: Config) -> Stack:
    """Class token and patches, positions, a norm, pre-norm layers, a last norm."""
    width = config.integer("hidden_size")
    channels, patch, count = grid(config)
    norm = Norm(kind="layer", elements=width, bias=True)
    patches = Patches(channels=channels, patch=patch, count=count + 1, tokens=count, bias=False, class_tokens=1)
    return Stack(
        kind="vision",
        width=width,
        layers=encoder(config),
        embedding=Embedding(rows=0, width=width, positions=count + 1, small=width),
        patches=patches,
        final_norms=(norm, norm),
    )


def grid(config: Config) -> tuple[int, int, int]:
    """Channels, patch width and patches of an image."""
    side = config.integer("image_size", kind="width", default=224)
    patch = config.integer("patch_size", kind="width", default=16)
    if patch > side:
        raise config.refuse("patch_size", f"at most image_size {side}")
    return config.integer("num_channels", kind="width", default=3), patch, (side // patch) ** 2


def encoder(config: Config, *, qkv_bias: bool = True) -> tuple[Layer, ...]:
    """Pre-norm layers with LayerNorm, biases and a plain network."""
    heads, kv_heads, head_dim = heads_of(config, single=True)
    norm = Norm(kind="layer", elements=config.integer("hidden_size"), bias=True)
    mixer = Attention(
        heads=heads, kv_heads=kv_heads, head_dim=head_dim, query_bias=qkv_bias, kv_bias=qkv_bias, output_bias=True
    )
    network = FeedForward(intermediate=config.integer("intermediate_size"), gated=False, bias=True, activation="gelu")
    count = config.integer("num_hidden_layers", kind="layers")
    return (Layer(count=count, mixer=mixer, feed_forward=network, norms=(norm, norm)),)
