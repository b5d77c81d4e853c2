"""GPT-3: 12 L d^2 plus embeddings."""

from interlock.exhibits.base import Reproduction, claim, reproduction, within
from interlock.exhibits.model_size import about, weights_bytes

CLAIM = claim("175 billion parameters, about 350 GB", "Brown et al. 2020, table 2.1; the survey, I")


def run() -> Reproduction:
    """The rule of thumb, the config's own count, and the bytes at 16 bits."""
    layers, width, vocabulary, positions = 96, 12288, 50257, 2048
    rule = 12 * layers * width**2 + (vocabulary + positions) * width
    return reproduction(
        within("12 L d^2 + embeddings", 175e9, rule, 0.01),
        about("gpt3-175b", 175e9),
        within("weights at FP16", 350, weights_bytes("gpt3-175b") / 1e9, 0.01, "GB"),
    )
