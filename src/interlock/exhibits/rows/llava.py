"""LLaVA-1.5: tokens of an image and parameters of the three parts."""

from interlock.exhibits.base import Reproduction, claim, exactly, reproduction
from interlock.exhibits.model_size import count, parameters
from interlock.models import model

CLAIM = claim(
    "a 336-pixel image becomes 576 tokens of the language model", "Liu et al. 2023, Improved baselines, section 3"
)


def run() -> Reproduction:
    """(336 / 14)^2 patches; vision encoder, projector and decoder add up."""
    llava, decoder = model("llava-1.5-7b"), parameters("llama-2-7b")
    assert llava.vision is not None
    assert llava.vision.patches is not None
    projector = sum((inputs + llava.projector_bias) * outputs for inputs, outputs in llava.projector)
    encoder = sum(weight.elements * repeats for weight, repeats in llava.vision.weights())
    more_rows = 2 * 64 * 4096  # the vocabulary is padded to 32064, in the embedding and in the head
    return reproduction(
        exactly("vision tokens at 336 px", (336 // 14) ** 2, llava.vision.patches.tokens),
        exactly("projector, 1024 to 4096 to 4096", 20_979_712, projector),
        exactly(
            "encoder, projector and decoder", parameters("llava-1.5-7b"), encoder + projector + decoder + more_rows
        ),
        count("llava-1.5-7b", 7_063_427_072),
    )
