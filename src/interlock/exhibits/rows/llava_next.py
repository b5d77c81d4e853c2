"""LLaVA-NeXT: tiles multiply the tokens of an image, and with them the time to the first token."""

from interlock import api
from interlock.exhibits.base import Reproduction, above, claim, exactly, reproduction
from interlock.models import model

CLAIM = claim("up to four times more pixels, 672 x 672 as four tiles and a thumbnail", "Liu et al. 2024, LLaVA-NeXT")


def tokens(tiles: int, side: int = 336, patch: int = 14) -> int:
    """Tokens of an image of so many tiles; more than one bring a thumbnail of the whole."""
    return (side // patch) ** 2 * (tiles + (tiles > 1))


def first_token(name: str, text: int = 64) -> float:
    """Seconds to the first token of a question about one image."""
    vision = model(name).vision
    assert vision is not None
    assert vision.patches is not None
    return api.estimate(name, "a100-80g", prompt=text + vision.patches.tokens, output=1, images=1, stack="ideal").ttft_s


def run() -> Reproduction:
    """576 and 2880 tokens, as the catalogue's models have them, and what that does to latency."""
    one, four = model("llava-1.5-7b").vision, model("llava-1.6-mistral-7b").vision
    assert one is not None
    assert one.patches is not None
    assert four is not None
    assert four.patches is not None
    return reproduction(
        exactly("LLaVA-1.5", 576, tokens(1)),
        exactly("four tiles and a thumbnail", 2880, tokens(4)),
        exactly("the catalogue's LLaVA-1.5", tokens(1), one.patches.tokens),
        exactly("the catalogue's LLaVA-NeXT", tokens(4), four.patches.tokens),
        exactly("passes of the vision encoder", 5, four.patches.tiles),
        above(
            "time to the first token, NeXT over 1.5",
            3,
            first_token("llava-1.6-mistral-7b") / first_token("llava-1.5-7b"),
        ),
    )
