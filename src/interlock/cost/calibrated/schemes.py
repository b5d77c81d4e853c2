"""Schemes of products: which formats go in, what is moved for an element, and what the matrix unit multiplies.

keeps: a pair of formats that no scheme covers is refused; there is no nearest scheme.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from interlock.errors import UnsupportedError
from interlock.numerics import number_format


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """Bytes an element of activations, weights and results; `quantised`: activations are narrowed on the way in."""

    name: str
    group: str  # schemes of one group share one fit
    input_bytes: float
    weight_bytes: float
    output_bytes: float = 2.0
    operand: str
    quantised: bool


SCHEMES: Final[dict[str, Scheme]] = {
    item.name: item
    for item in (
        Scheme(name="bf16", group="wide", input_bytes=2, weight_bytes=2, operand="bf16", quantised=False),
        Scheme(name="fp8", group="narrow", input_bytes=1, weight_bytes=1, operand="fp8", quantised=True),
        # a scale for each 128 of the activations and each 128 x 128 of the weights
        Scheme(name="fp8-block", group="narrow", input_bytes=1.03, weight_bytes=1, operand="fp8", quantised=True),
        Scheme(name="nvfp4", group="narrow", input_bytes=0.5625, weight_bytes=0.5625, operand="fp4", quantised=True),
        Scheme(name="int8-weights", group="narrow", input_bytes=2, weight_bytes=1, operand="bf16", quantised=False),
        Scheme(name="int4-weights", group="narrow", input_bytes=2, weight_bytes=0.53, operand="bf16", quantised=False),
        Scheme(name="int8", group="narrow", input_bytes=1, weight_bytes=1, operand="int8", quantised=True),
    )
}
GROUPS: Final = tuple(dict.fromkeys(item.group for item in SCHEMES.values()))
_PAIRS: Final = {
    ("bf16", "bf16"): "bf16",
    ("fp16", "fp16"): "bf16",
    ("fp8-e4m3", "fp8-e4m3"): "fp8",
    ("nvfp4", "nvfp4"): "nvfp4",
    ("int8", "bf16"): "int8-weights",
    ("int8", "fp16"): "int8-weights",
    ("int4-g128", "bf16"): "int4-weights",
    ("int4-g128", "fp16"): "int4-weights",
    ("int8", "int8"): "int8",
}


def scheme_of(weight_format: str, activation_format: str, kernel: str = "") -> Scheme:
    """The scheme of a pair of formats; the kernel "fp8_block" tells block scales from scales of whole tensors.

    Raises:
        UnsupportedError: no measurements of this pair.
    """
    pair = number_format(weight_format).name, number_format(activation_format).name
    if pair not in _PAIRS:
        raise UnsupportedError(f"no calibration for weights in {pair[0]} with activations in {pair[1]}")
    name = _PAIRS[pair]
    return SCHEMES["fp8-block" if name == "fp8" and kernel == "fp8_block" else name]
