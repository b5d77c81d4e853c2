"""Ferret: size and vision tokens of a grounding model that is built as LLaVA-1.5 is."""

from interlock.exhibits.base import Reproduction, claim, exactly, reproduction
from interlock.exhibits.model_size import about
from interlock.models import model

CLAIM = claim("7B and 13B on CLIP ViT-L/14 at 336 px", "You et al. 2023, Ferret, section 3")
MISSING = "the parameters of the spatial-aware visual sampler"


def run() -> Reproduction:
    """The shapes it shares with LLaVA-1.5: 576 tokens an image, Vicuna 7B and 13B behind them."""
    figures = []
    for name, decoder in (("llava-1.5-7b", 7e9), ("llava-1.5-13b", 13e9)):
        shape = model(name)
        assert shape.vision is not None
        assert shape.vision.patches is not None
        figures += [exactly(f"vision tokens, {name}", 576, shape.vision.patches.tokens), about(name, decoder, 0.04)]
    return reproduction(*figures)
