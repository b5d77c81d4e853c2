"""Calibrated seconds of grouped experts: the routed feed-forward networks of one chip, as serving engines run them.

keeps:   as in `form.py`; a kernel that is not named is the one that the engine took for such a layer when measured.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from interlock.cost.calibrated import experts_terms as terms
from interlock.cost.calibrated.basis import CalibratedTime
from interlock.cost.calibrated.form import SORT, Columns, Family, Reading
from interlock.cost.calibrated.operators import operator_seconds, predict_rows, row_times
from interlock.cost.calibrated.schemes import SCHEMES, Scheme
from interlock.errors import UnsupportedError
from interlock.evidence.measurement import Measurements
from interlock.hardware import Chip
from interlock.numerics import number_format

_MX: Final = Scheme(
    name="mxfp4-weights", group="experts", input_bytes=2, weight_bytes=0.53125, operand="bf16", quantised=False
)
_SCHEMES: Final[dict[str, Scheme]] = {
    **SCHEMES,
    "int4-fp8": Scheme(
        name="int4-fp8", group="experts", input_bytes=1, weight_bytes=0.53, operand="fp8", quantised=True
    ),
    "mxfp4-weights": _MX,
    "mxfp4-mxfp8": replace(_MX, name="mxfp4-mxfp8", input_bytes=1.03, operand="fp8", quantised=True),
}
_PAIRS: Final = {
    ("bf16", "bf16"): "bf16",
    ("fp16", "fp16"): "bf16",
    ("fp8-e4m3", "fp8-e4m3"): "fp8",
    ("nvfp4", "nvfp4"): "nvfp4",
    ("int4-g128", "bf16"): "int4-weights",
    ("int4-g128", "fp16"): "int4-weights",
    ("int4-g128", "fp8-e4m3"): "int4-fp8",
    ("mxfp4", "bf16"): "mxfp4-weights",
    ("mxfp4", "mxfp8"): "mxfp4-mxfp8",
}
_BLOCK: Final = "fp8_block"  # what tables call scales of blocks
_SPREAD: Final = 10_000  # classes of shapes that are split over chips lie this far from others


def experts_seconds(
    chip: Chip,
    stack: str | None,
    *,
    tokens: Any,
    hidden: Any,
    intermediate: Any,
    experts: Any,
    top_k: Any,
    tensor: Any = 1.0,
    expert: Any = 1.0,
    skew: Any = 0.0,
    gated: Any = 1.0,
    weight_format: str = "bf16",
    activation_format: str = "bf16",
    block_scales: bool = False,
    kernel: str = "",
) -> CalibratedTime:
    """Seconds of one layer's routed experts on the chip with most to do, with the ends of a 90 % band.

    Both products, the activation between them, and the permutation of rows; neither the router nor any exchange.

    Args:
        chip: any chip.
        stack: "vllm 0.24.0"; "vllm", its newest measured version; None, the geometric mean of the measured engines.
        tokens: of the whole group of chips that share the experts.
        hidden: width of the residual stream.
        intermediate: width of one expert, before it is cut.
        experts: of the layer.
        top_k: experts a token.
        tensor: chips that each expert is cut over.
        expert: chips that the experts are spread over.
        skew: popularity falls as rank ** -skew; 0 is balanced.
        gated: 1 where two matrices come before the activation, 0 where one does.
        weight_format: as the catalogue of formats spells it.
        activation_format: likewise.
        block_scales: FP8 with scales of blocks.
        kernel: as the engine's table calls it; by layer if empty.

    Raises:
        UnsupportedError: formats without measurements, a chip that is no GPU, or one with missing facts.
    """
    columns = {
        "tokens": tokens,
        "width": hidden,
        "intermediate": intermediate,
        "experts": experts,
        "top_k": top_k,
        "tensor": tensor,
        "expert": expert,
        "skew": skew,
        "gated": gated,
    }
    formats = experts_scheme(weight_format, activation_format, block_scales=block_scales)
    return operator_seconds(FAMILY, chip, stack, formats, columns, kernel=kernel)


def experts_scheme(weight_format: str, activation_format: str, *, block_scales: bool = False) -> str:
    """The name of a pair of formats.

    Raises:
        UnsupportedError: no measurements of it.
    """
    pair = number_format(weight_format).name, number_format(activation_format).name
    if pair not in _PAIRS:
        raise UnsupportedError(f"no calibration for experts in {pair[0]} with activations in {pair[1]}")
    name = _PAIRS[pair]
    return "fp8-block" if name == "fp8" and block_scales else name


def predict(measurements: Measurements, *, fitted_rows: bool = False) -> NDArray[np.float64]:
    """Seconds of measured experts; nan where there is no calibration, and where a row was seen while fitting."""
    return predict_rows(FAMILY, measurements, fitted_rows=fitted_rows)


def band(measurements: Measurements) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The ends of a 90 % band of each row."""
    _, low, high = row_times(FAMILY, measurements, fitted_rows=True)
    return low, high


def _read(measurements: Measurements) -> Reading:
    count = len(measurements)
    given = dict(measurements.columns)
    columns = {name: given.get(name, np.ones(count)) for name in terms.COLUMNS}
    kinds = given.get("kernel", np.full(count, ""))
    runs = np.stack([np.asarray(column, dtype=str) for column in (
        given["weight_format"], given["activation_format"], kinds)])  # fmt: skip
    text = np.char.add(np.char.add(np.char.add(runs[0], " "), np.char.add(runs[1], " ")), runs[2])
    names, inverse = np.unique(text, return_inverse=True)
    formats = np.array([_known(*name.split(" ")) for name in names])[inverse]
    return Reading(
        formats=formats,
        kernels=given.get("implementation", np.full(count, "")),
        columns={name: np.asarray(column, np.float32) for name, column in columns.items()},
    )


def _known(weights: str, activations: str, kind: str) -> str:
    try:
        return experts_scheme(weights, activations, block_scales=kind == _BLOCK)
    except UnsupportedError:
        return ""


def _scheme(formats: str) -> Scheme:
    return _SCHEMES[formats]


def _code(c: Columns) -> NDArray[np.int64]:
    """Gated or not, spread over chips or not, number of experts."""
    kinds = (c["gated"] == 0.0) * SORT + (c["expert"] > 1.0) * _SPREAD
    found: NDArray[np.int64] = c["experts"].astype(np.int64) + kinds
    return found


FAMILY: Final = Family(
    name="experts",
    columns=terms.COLUMNS,
    hidden=terms.HIDDEN,
    added=terms.ADDED,
    copies=1.0,
    terms=terms.expert_terms,
    features=terms.expert_features,
    scheme=_scheme,
    code=_code,
    read=_read,
)
