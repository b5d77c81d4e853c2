"""Mixed-precision training: products in FP16, sums and master weights in FP32, gradients lifted over FP16's floor."""

from interlock.exhibits.base import Reproduction, above, below, claim, exactly, reproduction, within
from interlock.exhibits.tiny_training import Scheme, reference_loss, train
from interlock.numerics import number_format
from interlock.numerics.arrays import Floats
from interlock.numerics.small_floats import FLOATS

CLAIM = claim("matches FP32's accuracy with nearly half of its memory", "Micikevicius et al. 2018, abstract")
LOSS_SCALE = 1024.0


def half(x: Floats) -> Floats:
    """FP16, whatever is too large as infinity, which loss scaling has to avoid."""
    return FLOATS["fp16"].cast(x)


def run() -> Reproduction:
    """Where training ends with and without the scale, and how many gradients FP16 makes zero."""
    scaled, plain, wide = (
        train(Scheme(forward=half, backward=half, loss_scale=scale)) for scale in (LOSS_SCALE, 1.0, 2.0**-8)
    )
    fp32 = reference_loss()
    return reproduction(
        within("FP16 with loss scaling: loss over FP32's", 1.0, scaled.loss / fp32, 0.01),
        below("gradients rounded to zero with loss scaling", 1e-6, scaled.zeroed),
        above("and without", 1e-4, plain.zeroed),
        above("gradients 256 times smaller, as larger batches have them, without scaling: zeroed", 0.05, wide.zeroed),
        exactly("bytes of what products read, over FP32's", 0.5,
                number_format("fp16").bits / number_format("fp32").bits),
    )  # fmt: skip
