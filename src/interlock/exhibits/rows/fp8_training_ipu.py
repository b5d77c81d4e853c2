"""FP8 training with a bias for each tensor from its largest magnitude, and without."""

from interlock.exhibits.base import Reproduction, above, below, claim, holds, reproduction, within
from interlock.exhibits.tiny_training import Scheme, train
from interlock.numerics import codec
from interlock.numerics.arrays import Floats
from interlock.numerics.small_floats import FLOATS

CLAIM = claim(
    "GPT and Llama 2 of 111M to 70B trained and run in FP8 match FP16",
    "Perez et al. 2023, Training and inference of large language models using 8-bit floating point",
)
SMALL = 2.0**-8  # the scale that gradients have in a batch and model so much larger


def unscaled(name: str) -> Scheme:
    """Weights and activations in E4M3, gradients in a format without a scale."""

    def forward(x: Floats) -> Floats:
        return FLOATS["fp8-e4m3"].round(x)

    return Scheme(forward=forward, backward=lambda x: FLOATS[name].round(x), loss_scale=SMALL)


def run() -> Reproduction:
    """A small language model, gradients as small as in large batches."""
    half = codec("fp16").quantize
    fp16 = train(Scheme(forward=half, backward=half))
    scaled = Scheme(forward=codec("fp8-e4m3", group="tensor").quantize, backward=codec("fp8-e5m2",
    group="tensor").quantize,
                    loss_scale=SMALL)  # fmt: skip
    found, without = train(scaled), train(unscaled("fp8-e5m2"))
    return reproduction(
        within("loss with FP8-AMAX over FP16's", 1.0, found.loss / fp16.loss, 0.01),
        above("without scales: loss over that with them", 1.01, without.loss / found.loss),
        below("gradients rounded to zero, with scales", 0.01, found.zeroed),
        above("and without", 0.05, without.zeroed),
        holds("E5M2 without scales is not enough where E5M2 with scales is", without.zeroed > 10 * found.zeroed),
    )
