"""Llama 3.1 405B: printed sizes contain 20 % that the text does not mention, and device counts are rounded down."""

from math import ceil

from interlock.exhibits.base import Reproduction, claim, exactly, misprint, reproduction, within
from interlock.exhibits.model_size import weights_bytes

CLAIM = claim("1,944 GB or 972 GB at 32 or 16 bits, about 24 or 12 H100 80GB", "the accelerator review, 2.2")
OVERHEAD = 1.2


def run() -> Reproduction:
    """405e9 x 4 or 2 bytes x 1.2, over 80 GB."""
    wide, narrow = 405 * 4 * OVERHEAD, 405 * 2 * OVERHEAD
    return reproduction(
        within("405 billion at 32 bits with 20 %", 1944, wide, 1e-9, "GB"),
        within("405 billion at 16 bits with 20 %", 972, narrow, 1e-9, "GB"),
        within("weights alone at 16 bits", 810, weights_bytes("llama-3.1-405b", "bf16") / 1e9, 0.005, "GB"),
        exactly("H100 for 32 bits", 25, ceil(wide / 80)),
        exactly("H100 for 16 bits", 13, ceil(narrow / 80)),
        misprint("H100 for 32 bits, printed 24", 24, ceil(wide / 80), "", "24.3 rounded down"),
        misprint("H100 for 16 bits, printed 12", 12, ceil(narrow / 80), "", "12.15 rounded down"),
    )
