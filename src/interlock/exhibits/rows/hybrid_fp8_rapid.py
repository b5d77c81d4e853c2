"""Hybrid FP8: 1-4-3 where values are alike, 1-5-2 where gradients need the range."""

from interlock.exhibits.base import Reproduction, above, below, claim, exactly, reproduction, within
from interlock.exhibits.tiny_training import Scheme, reference_loss, train
from interlock.numerics.hybrid_fp8 import HybridFp8
from interlock.numerics.small_floats import FLOATS

CLAIM = claim(
    "26.2 TFLOPS in hybrid FP8 on one training chip", "Venkataramani et al. 2021, RaPiD; Sun et al. 2019, HFP8"
)


def run() -> Reproduction:
    """The two formats, and a small language model trained with both, and with either alone."""
    made = HybridFp8()
    forward, backward = made.forward.quantize, made.backward.quantize
    fp32 = reference_loss()
    both = train(Scheme(forward=forward, backward=backward))
    fine, wide = train(Scheme(forward=forward, backward=forward)), train(Scheme(forward=backward, backward=backward))
    return reproduction(
        exactly("largest of 1-4-3 with four more of bias", 30, FLOATS["hfp8-forward"].largest),
        exactly("its smallest normal number", 2.0**-10, FLOATS["hfp8-forward"].smallest_normal),
        exactly("smallest normal number of 1-5-2", 2.0**-14, FLOATS["hfp8-backward"].smallest_normal),
        within("loss in hybrid FP8 over FP32's", 1.0, both.loss / fp32, 0.01),
        above("1-4-3 alone: loss over the hybrid's", 1.0005, fine.loss / both.loss),
        above("1-5-2 alone: loss over the hybrid's", 1.0005, wide.loss / both.loss),
        below("gradients rounded to zero, hybrid over 1-4-3 alone", 0.5, both.zeroed / fine.zeroed),
    )
