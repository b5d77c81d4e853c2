"""The axes worth searching: degrees that fit the model, and batches.

keeps: more chips allowed never takes a degree away, so a larger budget never gives a worse plan.
"""

from __future__ import annotations

from math import gcd
from typing import Final

from interlock.models import Model
from interlock.models.blocks import Attention, LatentAttention, MixtureOfExperts

BATCHES: Final = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024)


def tensor_degrees(model: Model, limit: int) -> tuple[int, ...]:
    """Divisors of every layer's heads; powers of two for a model without heads."""
    common = 0
    for layer in model.main.layers:
        if isinstance(layer.mixer, Attention | LatentAttention):
            common = gcd(common, layer.mixer.heads)
    return divisors(common, limit) if common else powers(limit)


def expert_degrees(model: Model, limit: int) -> tuple[int, ...]:
    """Divisors of every layer's experts; 1 for a model without."""
    common = 0
    for layer in model.main.layers:
        if isinstance(layer.feed_forward, MixtureOfExperts):
            common = gcd(common, layer.feed_forward.experts)
    return divisors(common, limit) if common else (1,)


def pipeline_degrees(model: Model, limit: int) -> tuple[int, ...]:
    """Divisors of the number of layers, and powers of two up to it."""
    depth = model.main.depth
    return tuple(sorted({*divisors(depth, limit), *powers(min(limit, depth))}))


def divisors(number: int, limit: int) -> tuple[int, ...]:
    """Divisors of a number up to a limit, ascending."""
    return tuple(size for size in range(1, min(number, limit) + 1) if number % size == 0)


def powers(limit: int) -> tuple[int, ...]:
    """Powers of two up to a limit."""
    return tuple(2**exponent for exponent in range(limit.bit_length()) if 2**exponent <= limit)
