"""FAST: training in block floating point, where rounding by lot keeps what rounding to nearest loses."""

from itertools import count

import numpy as np

from interlock.exhibits.base import Reproduction, above, below, claim, holds, reproduction
from interlock.exhibits.tiny_training import Hook, Scheme, reference_loss, train
from interlock.numerics.fast import WIDE, chosen_mantissa, fast_bfp

CLAIM = claim("2 to 6 times the training speed at the same accuracy", "Zhang et al. 2022, FAST, abstract")
MISSING = "weights and activations of 4 mantissa bits, too, within 1 % of FP32: this small network ends about 3 % above"


def by_lot(mantissa: int = WIDE) -> Hook:
    """A hook that draws anew each time it is called, in the same order in each run."""
    seeds = count()
    return lambda x: fast_bfp("fast-bfp4", mantissa, seed=next(seeds)).quantize(x)


def run() -> Reproduction:
    """The mean of many draws, and where training ends with gradients, or all operands, of 4 mantissa bits."""
    x = np.random.default_rng(0).standard_normal((1, 64)).astype(np.float32)
    draws = np.stack([fast_bfp("fast-bfp4", WIDE, seed=seed).quantize(x) for seed in range(4000)])
    gap = np.abs(draws.mean(axis=0) - x)
    sigma = draws.std(axis=0) / np.sqrt(len(draws))
    inside = sigma > 0  # not those that are whole steps, or beyond the largest mantissa, which saturate
    worst = float((gap[inside] / sigma[inside]).max())
    nearest = fast_bfp("fast-bfp4", WIDE, rounding="nearest").quantize
    fp32 = reference_loss()
    lots, plain = train(Scheme(backward=by_lot())).loss / fp32, train(Scheme(backward=nearest)).loss / fp32
    all_lots = by_lot()
    lots_everywhere = train(Scheme(forward=all_lots, backward=all_lots)).loss / fp32
    plain_everywhere = train(Scheme(forward=nearest, backward=nearest)).loss / fp32
    return reproduction(
        below("mean of 4000 draws: distance from the value, worst of 64, in standard errors", 5.0, worst),
        below("gradients rounded by lot: loss over FP32's", 1.01, lots),
        above("gradients rounded to nearest, same width: loss over that of lots", 1.01, plain / lots),
        below("all operands rounded by lot: loss over FP32's", 1.05, lots_everywhere),
        above("all operands rounded to nearest: loss over that of lots", 1.01, plain_everywhere / lots_everywhere),
        holds("a tensor of one magnitude needs 2 bits, one of many 4",
              (chosen_mantissa(np.sign(x), 0.1), chosen_mantissa(x, 0.1)) == (2, 4)),
    )  # fmt: skip
