"""FP64: the reference that errors are measured against, and the table of formats."""

import numpy as np

from interlock.exhibits.base import Reproduction, claim, exactly, holds, reproduction
from interlock.exhibits.codec import FloatFormat, gaussian, mean_square
from interlock.exhibits.datasheet import peak

CLAIM = claim("H100 34 TFLOPS, MI300X 1.3 PFLOPS", "the accelerator review, Table 2")
SHAPES = {"float16": (5, 10), "float32": (8, 23), "float64": (11, 52)}


def run() -> Reproduction:
    """Bits, largest value and step of three formats against NumPy's; every codec here computes in FP64."""
    figures = []
    for name, (exponent, mantissa) in SHAPES.items():
        shape, known = FloatFormat(exponent=exponent, mantissa=mantissa), np.finfo(name)
        figures += [
            exactly(f"{name}, bits", known.bits, shape.bits),
            exactly(f"{name}, largest", float(known.max), shape.largest),
            exactly(f"{name}, step after 1", float(known.eps), shape.epsilon),
        ]
    x = gaussian()
    errors = [mean_square(x, FloatFormat(exponent=e, mantissa=m).round(x)) for e, m in SHAPES.values()]
    return reproduction(
        *figures,
        exactly("error of FP64 against itself", 0, errors[-1]),
        holds("errors shrink with bits", errors == sorted(errors, reverse=True)),
        exactly("FP64 of the MI300X, one GPU of eight", 163.4, peak("mi300x", "fp64") / 1e12, "TFLOP/s"),
    )
