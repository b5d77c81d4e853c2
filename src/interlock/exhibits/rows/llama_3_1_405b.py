"""Llama 3.1 405B: the count from its config."""

from interlock.exhibits.base import Reproduction, claim, reproduction
from interlock.exhibits.model_size import about, count

CLAIM = claim("405 billion parameters", "Llama team 2024, The Llama 3 herd of models, table 3; the accelerator review")


def run() -> Reproduction:
    """Within half a percent of 405.9 billion, and exactly the published checkpoint's."""
    return reproduction(about("llama-3.1-405b", 405.9e9, 0.005), count("llama-3.1-405b", 405_853_388_800))
