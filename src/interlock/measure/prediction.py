"""What the first-principles formulas say of measured rows on a chip."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from interlock.cost import Chips, operator_time
from interlock.evidence.measurement import Measurements
from interlock.measure.engine import ELEMENT_BYTES
from interlock.operators import Kind, Operator, compute_code

PASSES: Final[dict[str, tuple[float, float, float]]] = {  # elements read and written, FLOP an element
    "add": (2.0, 1.0, 1.0),
    "multiply-scalar": (1.0, 1.0, 1.0),
    "relu": (1.0, 1.0, 1.0),
    "stream-copy": (1.0, 1.0, 1.0),
    "stream-dot": (2.0, 0.0, 2.0),
}


def predicted(part: Measurements, chips: Chips) -> Any:
    """Seconds of each row."""
    return np.asarray(operator_time(_operator(part), chips).time, dtype=float)


def moved_bytes(part: Measurements) -> Any:
    """Bytes read and written once by each row."""
    return np.asarray(_operator(part).moved_bytes, dtype=float)


def _operator(part: Measurements) -> Operator:
    names = np.asarray(part["activation_format"]).astype(str)
    width = np.array([float(ELEMENT_BYTES[name]) for name in names])
    compute = np.array([float(compute_code(name)) for name in names])
    if part.family == "gemm":
        m, n, k = (np.asarray(part[size], dtype=float) for size in ("m", "n", "k"))
        return Operator(
            name="product", block="measured", kind=Kind.MATMUL, m=m, n=n, k=k, flop=2.0 * m * n * k, compute=compute,
            weight_bytes=n * k * width, input_bytes=m * k * width, output_bytes=m * n * width,
        )  # fmt: skip
    read, written, flop = np.array([PASSES[str(kind)] for kind in part["kind"]]).reshape(-1, 3).T
    elements = np.asarray(part["rows"] * part["width"], dtype=float)
    return Operator(
        name="pass", block="measured", kind=Kind.ELEMENTWISE, m=part["rows"], n=part["width"], flop=flop * elements,
        compute=compute, input_bytes=elements * read * width, output_bytes=elements * written * width,
    )  # fmt: skip
