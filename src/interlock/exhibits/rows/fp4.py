"""FP4: sixteen codes, and its error beside INT4's and NF4's on two distributions."""

import numpy as np

from interlock.exhibits.base import Reproduction, claim, exactly, holds, reproduction
from interlock.exhibits.codec import (
    blockwise,
    fp4_levels,
    gaussian,
    integer_levels,
    laplacian,
    mean_square,
    normal_levels,
)

CLAIM = claim("a 4-bit float, E2M1", "the survey, IV-C.1 and Table II; OCP Microscaling Formats 1.0")


def run() -> Reproduction:
    """The codec's table, and mean squared errors in blocks of 64."""
    positive = fp4_levels()[fp4_levels() >= 0]
    table = (0, 0.5, 1, 1.5, 2, 3, 4, 6)
    levels = {"FP4": fp4_levels(), "INT4": integer_levels(4), "NF4": normal_levels()}
    errors = {
        kind: {name: mean_square(x, blockwise(x, values, 64)) for name, values in levels.items()}
        for kind, x in (("Gaussian", gaussian()), ("Laplace", laplacian()))
    }
    shown = "; ".join(f"{kind}: " + ", ".join(f"{n} {e:.3g}" for n, e in rows.items()) for kind, rows in errors.items())
    return reproduction(
        *(exactly(f"code {code}", value, float(positive[code])) for code, value in enumerate(table)),
        exactly("distinct values of 16 codes", 15, len(fp4_levels()), note="zero has two"),
        holds(
            "on Gaussian weights NF4 is best",
            min(errors["Gaussian"], key=errors["Gaussian"].__getitem__) == "NF4",
            shown,
        ),
        holds("with heavier tails FP4 is better than INT4", errors["Laplace"]["FP4"] < errors["Laplace"]["INT4"]),
        holds(
            "rounding a level gives the level",
            bool(
                np.all(blockwise(np.tile(fp4_levels(), 16)[:240], fp4_levels(), 15) == np.tile(fp4_levels(), 16)[:240])
            ),
        ),
    )
