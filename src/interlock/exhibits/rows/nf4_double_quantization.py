"""NF4 and double quantization: sixteen quantiles of a normal distribution, and scales that are themselves quantized."""

import numpy as np

from interlock.exhibits.base import Reproduction, below, claim, exactly, reproduction, within
from interlock.exhibits.codec import gaussian
from interlock.exhibits.measures import mean_square_error
from interlock.numerics import codec, number_format
from interlock.numerics.normal_float import normal_quantiles

CLAIM = claim("double quantization saves 0.373 bit a parameter", "Dettmers et al. 2023, QLoRA, section 3")

# The codebook as published with QLoRA (appendix E) and as bitsandbytes has it.
PUBLISHED = (-1.0, -0.6961928, -0.5250731, -0.3949175, -0.2844414, -0.1847734, -0.0910500, 0.0,
             0.0795803, 0.1609302, 0.2461123, 0.3379152, 0.4407098, 0.5626170, 0.7229568, 1.0)  # fmt: skip


def run() -> Reproduction:
    """The codebook from its definition, errors on Gaussian weights in blocks of 64, and bits a parameter."""
    levels, x = np.array(normal_quantiles()), gaussian()
    made = {"NF4": codec("nf4"), "NF4, twice": codec("nf4-dq"), "FP4": codec("fp4-e2m1", group=64),
            "INT4": codec("int4", group=64, scale_as="float32")}  # fmt: skip
    error = {name: mean_square_error(x, each.quantize(x)) for name, each in made.items()}
    stored = made["NF4, twice"].encode(x)
    plain, double = number_format("nf4").bits, number_format("nf4-dq").bits
    return reproduction(
        exactly("levels", 16, len(levels)),
        below(
            "largest difference from the published codebook", 1e-4, float(np.abs(levels - np.array(PUBLISHED)).max())
        ),
        below("error of NF4, below that of INT4", error["INT4"], error["NF4"]),
        below("error of NF4, below that of FP4", error["FP4"], error["NF4"]),
        below("double quantization: error over plain NF4's", 1.01, error["NF4, twice"] / error["NF4"]),
        exactly("bits a parameter in real bytes", double, stored.counted_bytes * 8 / x.size, "bit"),
        within("bits a parameter, blocks of 64", 4.127, double, 1e-4, "bit"),
        within("saved by the second quantization", 0.373, plain - double, 0.001, "bit"),
    )
