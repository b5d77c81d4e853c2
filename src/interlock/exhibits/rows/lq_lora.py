"""LQ-LoRA: a matrix as quantized weights plus a thin product, found by turns."""

from interlock.exhibits.base import Reproduction, below, claim, exactly, reproduction
from interlock.exhibits.compressed import original, outcome, predicted_bytes

CLAIM = claim("LLaMA-2-70B at 2.75 bits a parameter in 27 GB", "Guo et al. 2023, LQ-LoRA, abstract")
MISSING = "the search of widths per matrix under a budget, NF4 inside, and training the factors"
ROUNDS = 5


def run() -> Reproduction:
    """3-bit integers and rank 16: every matrix's error after rounds, against one round, and the whole model."""
    from interlock.surgery.decoder import linears
    from interlock.surgery.factoring import narrow_and_thin
    from interlock.surgery.grid import IntegerGrid
    from interlock.surgery.linear import weight_of

    grid = IntegerGrid(bits=3, group_size=64)
    weights = [weight_of(layer) for layer in linears(original()).values()]
    errors = [narrow_and_thin(weight, grid, 16, ROUNDS)[1] for weight in weights]
    plain = [float((grid.nearest(weight) - weight).square().sum()) for weight in weights]
    once, best = sum(each[0] for each in errors), sum(min(each) for each in errors)
    joined, narrow = outcome("lq"), outcome("round-to-nearest:bits=3,group_size=64")
    return reproduction(
        exactly("matrices that later rounds improve", len(errors), sum(min(each) < each[0] for each in errors)),
        below("squared error of quantizing, then factoring the rest, over quantizing alone", 0.95, once / sum(plain)),
        below("squared error by turns over that", 0.95, best / once),
        below("divergence over that of 3-bit rounding", 0.8, joined.divergence / narrow.divergence),
        exactly("bytes, as predicted", predicted_bytes(joined), sum(joined.applied.stored.values()), "B"),
    )
