"""MSFP: sixteen short integers share an exponent, and their dot product is an integer's, shifted."""

import numpy as np

from interlock.exhibits.base import Reproduction, claim, exactly, holds, reproduction, within
from interlock.exhibits.language_model import held_out, language_model
from interlock.exhibits.measures import mean_square_error
from interlock.numerics import codec, number_format
from interlock.numerics.block_floats import block_float, box_dot

CLAIM = claim("3 times cheaper than BF16, 4 times than INT8, at similar accuracy (MSFP12)", "Rouhani et al. 2020, MSFP")


def run() -> Reproduction:
    """Bits a value in real bytes, the exact dot product, and error and perplexity beside INT8."""
    x, y = np.random.default_rng(1).standard_normal((2, 4096))
    narrow, wide, int8 = block_float("msfp12", 3), block_float("msfp16", 7), codec("int8", group="tensor")
    p, q = narrow.encode(x), narrow.encode(y)
    errors = {made.name: mean_square_error(x, made.quantize(x)) for made in (narrow, wide, int8)}
    model, windows = language_model(), held_out(3)
    base = model.perplexity(windows)
    lost = {
        made.name: model.with_weights(made.quantize).with_activations(made.quantize).perplexity(windows) / base
        for made in (narrow, wide, int8)
    }
    return reproduction(
        exactly("bits a value, MSFP12", 4.5, number_format("msfp12").bits, "bit"),
        exactly("bits a value of real bytes", 4.5, p.bits, "bit"),
        exactly("bits a value, MSFP16", 8.5, number_format("msfp16").bits, "bit"),
        exactly(
            "dot product of integers, shifted, against that of the values",
            float(narrow.decode(p) @ narrow.decode(q)),
            box_dot(narrow, p, q),
        ),
        holds(
            "MSFP16 errs less than INT8 with one scale a tensor, MSFP12 more",
            errors["msfp16"] < errors["int8"] < errors["msfp12"],
            ", ".join(f"{name} {error:.2g}" for name, error in errors.items()),
        ),
        within(
            "perplexity of the shipped model in MSFP12, weights and activations, over INT8's",
            1.0,
            lost["msfp12"] / lost["int8"],
            0.05,
            note=", ".join(f"{name} {value:.4f}" for name, value in lost.items()),
        ),
    )
