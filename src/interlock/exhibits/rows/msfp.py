"""MSFP: sixteen short integers share an exponent, and their dot product is an integer's, shifted."""

import numpy as np
from numpy.typing import NDArray

from interlock.exhibits.base import Reproduction, claim, exactly, holds, reproduction
from interlock.exhibits.codec import gaussian, mean_square
from interlock.numerics import number_format

CLAIM = claim("3 times cheaper than BF16, 4 times than INT8, at similar accuracy (MSFP12)", "Rouhani et al. 2020, MSFP")
BOX = 16


def quantize(x: NDArray[np.float64], mantissa: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Integers of `mantissa` bits and a sign, (n, 16), and the exponent of each box of 16."""
    boxes = x.reshape(-1, BOX)
    _, power = np.frexp(np.abs(boxes).max(axis=1))
    exponent = power.astype(np.int64) - mantissa
    top = 2**mantissa - 1
    return np.clip(np.round(boxes * 2.0 ** -exponent[:, None]), -top, top).astype(np.int64), exponent


def value(codes: NDArray[np.int64], exponent: NDArray[np.int64]) -> NDArray[np.float64]:
    """What the codes stand for."""
    result: NDArray[np.float64] = (codes * 2.0 ** exponent[:, None]).reshape(-1)
    return result


def run() -> Reproduction:
    """Bits a value, the exact dot product, and errors beside INT8 with one scale for the tensor."""
    x, y = gaussian(4096, 1), gaussian(4096, 2)
    (a, p), (b, q) = quantize(x, 3), quantize(y, 3)
    shifted = ((a * b).sum(axis=1) * 2.0 ** (p + q)).sum()
    direct = float(value(a, p) @ value(b, q))
    scale = np.abs(x).max() / 127
    errors = {name: mean_square(x, value(*quantize(x, bits))) for name, bits in (("MSFP12", 3), ("MSFP16", 7))}
    errors["INT8"] = mean_square(x, np.round(x / scale) * scale)
    return reproduction(
        exactly("bits a value, MSFP12", 4.5, number_format("msfp12").bits, "bit"),
        exactly("bits a value, MSFP16", 8.5, number_format("msfp16").bits, "bit"),
        exactly("dot product of integers, shifted, against that of the values", direct, float(shifted)),
        holds(
            "MSFP16 errs less than INT8, MSFP12 more",
            errors["MSFP16"] < errors["INT8"] < errors["MSFP12"],
            ", ".join(f"{name} {error:.2g}" for name, error in errors.items()),
        ),
    )
