"""CLIP: two encoders of the published size."""

from interlock.exhibits.base import Reproduction, claim, reproduction
from interlock.exhibits.model_size import count

CLAIM = claim("an image and a text encoder trained with a contrastive loss", "Radford et al. 2021, CLIP")
MISSING = "contrastive training on synthetic pairs"


def run() -> Reproduction:
    """Exact counts of two checkpoints."""
    sizes = {"clip-vit-base-patch32": 151_277_313, "clip-vit-large-patch14": 427_616_513}
    return reproduction(*(count(name, parameters) for name, parameters in sizes.items()))
