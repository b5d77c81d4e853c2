"""Schemes that a user may calibrate: those that the shipped coefficients know, and the wide formats that CPUs use."""

from __future__ import annotations

from typing import Final

from interlock.cost.calibrated.schemes import SCHEMES, Scheme, scheme_of
from interlock.errors import UnsupportedError
from interlock.numerics import number_format

_WIDE: Final = {
    "fp32": Scheme(
        name="fp32", group="wide", input_bytes=4, weight_bytes=4, output_bytes=4, operand="fp32", quantised=False
    ),
    "fp64": Scheme(
        name="fp64", group="wide", input_bytes=8, weight_bytes=8, output_bytes=8, operand="fp64", quantised=False
    ),
}
OWN_SCHEMES: Final[dict[str, Scheme]] = {**SCHEMES, **_WIDE}


def own_scheme_of(weight_format: str, activation_format: str, kernel: str = "") -> Scheme:
    """The scheme of a pair of formats, wide ones included.

    Raises:
        UnsupportedError: a pair that no formula covers.
    """
    pair = number_format(weight_format).name, number_format(activation_format).name
    if pair[0] == pair[1] and pair[0] in _WIDE:
        return _WIDE[pair[0]]
    try:
        return scheme_of(weight_format, activation_format, kernel)
    except UnsupportedError as error:
        raise UnsupportedError(f"{error}; a calibration of your own can be of {', '.join(OWN_SCHEMES)}") from None
