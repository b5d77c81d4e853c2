"""Models on phones: sizes, bandwidth-bound token rates, reading speed, and what fits beside everything else.

symbols: tokens a second = bandwidth x utilisation / (parameters x bytes), without KV cache or scales, as on the slides.
"""

from __future__ import annotations

from typing import Final

from interlock.hardware import chip

SIZES: Final = (70.0, 13.0, 7.0, 3.25, 1.8)  # billion parameters, the slides' rows
UTILISATIONS: Final = (1.0, 0.65, 0.33)
BITS: Final = {"fp32": 32, "fp16": 16, "int8": 8, "int4": 4}
TOKENS_PER_WORD: Final = 4 / 3  # English rule of thumb; a tokenizer of one's own may differ


def size_gb(billions: float, number_format: str) -> float:
    """Gigabytes of a model's weights, parameters x bits / 8."""
    return billions * BITS[number_format] / 8


def pin_bandwidth(gbit_s: float, bits: int) -> float:
    """GB/s of a memory from its pin rate and width."""
    return gbit_s * bits / 8


def token_rate(billions: float, number_format: str, utilisation: float = 1.0, name: str = "dimensity-9300") -> float:
    """Tokens a second of one sequence where the memory is the only limit."""
    return (chip(name).main.bandwidth or float("nan")) * utilisation / (size_gb(billions, number_format) * 1e9)


def reading_rate(words_per_minute: float) -> float:
    """Tokens a second at which a text appears as fast as it is read."""
    return words_per_minute / 60 * TOKENS_PER_WORD
