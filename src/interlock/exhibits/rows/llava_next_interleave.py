"""LLaVA-NeXT-Interleave: a prompt with several images between the words."""

from interlock import api
from interlock.exhibits.base import Reproduction, claim, exactly, reproduction, within
from interlock.models import Formats, lower, model, prefill, scheme

CLAIM = claim("multi-image, video and 3D inputs as one interleaved format", "Li et al. 2024, LLaVA-NeXT-Interleave")
MISSING = "a named workload of n interleaved images"


def run() -> Reproduction:
    """Each image costs one pass of the vision encoder and 576 tokens of the prompt."""
    llava, formats = model("llava-1.5-7b"), Formats.of(scheme())
    assert llava.vision is not None
    assert llava.vision.patches is not None
    tokens = llava.vision.patches.tokens

    def encoder_flop(images: int) -> float:
        operators = lower(llava, prefill(1.0, 64.0 + images * tokens, images=float(images)), formats)
        return sum(float(o.flop * o.count) for o in operators if o.name.startswith("vision."))

    first, third = (
        api.estimate("llava-1.5-7b", "a100-80g", images=n, prompt=64 + n * tokens, output=1, stack="ideal")
        for n in (1, 3)
    )
    return reproduction(
        exactly("prompt of three images and 64 words' tokens", 1792, 64 + 3 * tokens, "token"),
        exactly("work of the encoder, four images over one", 4, encoder_flop(4) / encoder_flop(1)),
        within("time to the first token, three images over one", 2.8, third.ttft_s / first.ttft_s, 0.15),
    )
