"""FP8: 256 codes of two formats from their definition, and errors on a language model's tensors beside INT8's."""

import numpy as np

from interlock.exhibits.base import Reproduction, above, below, claim, exactly, holds, reproduction
from interlock.exhibits.language_model import calibration, language_model
from interlock.exhibits.measures import relative_error
from interlock.numerics import codec, number_format
from interlock.numerics.arrays import Floats
from interlock.numerics.small_floats import FLOATS

CLAIM = claim(
    "E4M3 and E5M2 with a scale a tensor; H100 3958, Gaudi 3 1835, Grayskull 332 TFLOPS",
    "Micikevicius et al. 2022, FP8 formats for deep learning; the accelerator review, Table 2",
)


def by_definition(exponent: int, mantissa: int, *, infinite: bool) -> Floats:
    """Values of 256 codes, one at a time, from the text of the specification."""
    bias, values = 2 ** (exponent - 1) - 1, []
    for code in range(256):
        sign, field, rest = -1 if code & 128 else 1, code >> mantissa & (2**exponent - 1), code & (2**mantissa - 1)
        if infinite and field == 2**exponent - 1:
            values.append(sign * np.inf if rest == 0 else np.nan)
        elif not infinite and code & 127 == 127:
            values.append(np.nan)
        else:
            values.append(sign * 2.0 ** (max(field, 1) - bias - mantissa) * (rest + (2**mantissa if field else 0)))
    return np.array(values)


def run() -> Reproduction:
    """Tables, limits, and relative errors of weights and of what linear layers read."""
    figures = []
    for name, exponent, mantissa, largest in (("fp8-e4m3", 4, 3, 448), ("fp8-e5m2", 5, 2, 57344)):
        known = by_definition(exponent, mantissa, infinite=name.endswith("e5m2"))
        same = (FLOATS[name].table() == known) | (np.isnan(FLOATS[name].table()) & np.isnan(known))
        figures += [
            exactly(f"{name}: codes of the value that the definition gives", 256, int(same.sum())),
            exactly(f"{name}: largest finite value", largest, FLOATS[name].largest),
        ]
    model = language_model()
    read: dict[str, Floats] = {}
    model.logits(calibration(2), read.__setitem__)
    weights = [model.weights[name] for name in model.linear_names()]
    errors = {
        f"{name}, {what}": float(np.mean([relative_error(x, codec(name, group="tensor").quantize(x)) for x in tensors]))
        for name in ("fp8-e4m3", "fp8-e5m2", "int8")
        for what, tensors in (("weights", weights), ("activations", list(read.values())))
    }
    small = errors["fp8-e4m3, weights"]
    told = ", ".join(f"{name} {error:.2%}" for name, error in errors.items())
    return reproduction(
        *figures,
        exactly("bits stored", 8, number_format("fp8").bits),
        holds(
            "on weights, which have no outliers, INT8 errs less than E4M3",
            errors["int8, weights"] < errors["fp8-e4m3, weights"],
            told,
        ),
        below("relative error of weights in E4M3, half a step of three mantissa bits", 2**-4, small),
        above(
            "E5M2 has one mantissa bit less: its error over E4M3's",
            1.8,
            errors["fp8-e5m2, weights"] / small,
        ),
    )
