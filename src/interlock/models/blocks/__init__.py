"""The parts that architectures are made of: each knows its weights, its cache and its operators."""

from interlock.models.blocks.attention import Attention
from interlock.models.blocks.feed_forward import FeedForward
from interlock.models.blocks.latent_attention import LatentAttention
from interlock.models.blocks.layer import ChannelMixer, Layer, Mixer
from interlock.models.blocks.mamba import Mamba
from interlock.models.blocks.mamba2 import Mamba2
from interlock.models.blocks.mixture import MixtureOfExperts
from interlock.models.blocks.norm import Norm
from interlock.models.blocks.weight import Cache, Weight

__all__ = [
    "Attention",
    "Cache",
    "ChannelMixer",
    "FeedForward",
    "LatentAttention",
    "Layer",
    "Mamba",
    "Mamba2",
    "Mixer",
    "MixtureOfExperts",
    "Norm",
    "Weight",
]
