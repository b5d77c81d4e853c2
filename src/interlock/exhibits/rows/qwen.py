"""Qwen: four sizes within 1 % of what the checkpoints hold."""

from interlock.exhibits.base import Reproduction, claim, reproduction
from interlock.exhibits.model_size import about

CLAIM = claim("1.8B, 7B, 14B and 72B decoders", "Bai et al. 2023, Qwen technical report, table 1; model cards")


def run() -> Reproduction:
    """The sizes that the model cards state, in billions with their embeddings."""
    cards = {"qwen-1.8b": 1.84e9, "qwen-7b": 7.72e9, "qwen-14b": 14.2e9, "qwen-72b": 72.3e9}
    return reproduction(*(about(name, size) for name, size in cards.items()))
