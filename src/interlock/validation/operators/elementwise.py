"""Passes over rows of elements: how much of a row each kind reads and writes, in elements of the activations' width."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from interlock.cost import Chips
from interlock.errors import UnsupportedError
from interlock.evidence.measurement import Measurements
from interlock.numerics import number_format
from interlock.operators import Kind, Operator, compute_code
from interlock.validation.operators.lowered import Lowered, number, text

_KINDS: Final[dict[str, tuple[float, float, float]]] = {  # elements read and written, FLOP an element
    **dict.fromkeys(("add", "multiply", "divide", "power", "stream-add", "stream-triad"), (2.0, 1.0, 1.0)),
    **dict.fromkeys(("add-scalar", "multiply-scalar", "divide-scalar", "power-scalar", "relu"), (1.0, 1.0, 1.0)),
    **dict.fromkeys(("stream-copy", "stream-mul"), (1.0, 1.0, 1.0)),
    **dict.fromkeys(("gelu", "tanh"), (1.0, 1.0, 8.0)),
    **dict.fromkeys(("softmax", "layer-norm", "rms-norm"), (1.0, 1.0, 5.0)),
    "silu-multiply": (2.0, 1.0, 4.0),
    "rotate": (1.0, 1.0, 3.0),
    "stream-dot": (2.0, 0.0, 2.0),
    "find-scale": (1.0, 0.0, 2.0),
    "quantise": (1.0, 0.5, 2.0),  # 16 bits to 8
}


def lower(measurements: Measurements, chips: Chips) -> Iterator[Lowered]:
    """One pass a row of the set."""
    names, inverse = np.unique(text(measurements, "kind", ""), return_inverse=True)
    if missing := sorted({str(name) for name in names} - set(_KINDS)):
        raise UnsupportedError(f"{measurements.set_name}: no formula for {', '.join(missing)}")
    read, written, flop = np.array([_KINDS[str(name)] for name in names])[inverse].T
    kinds, places = np.unique(text(measurements, "activation_format", "bf16"), return_inverse=True)
    found = [number_format(str(name)) for name in kinds]
    width = np.array([item.bytes for item in found])[places]
    rows, elements = number(measurements, "rows"), number(measurements, "width")
    operator = Operator(
        name="pass",
        block="elementwise",
        kind=Kind.ELEMENTWISE,
        m=rows,
        n=elements,
        flop=flop * rows * elements,
        compute=np.array([compute_code(item.operand) for item in found], dtype=float)[places],
        input_bytes=rows * elements * read * width,
        output_bytes=rows * elements * written * width,
    )
    yield Lowered(rows=np.arange(len(measurements)), operators=[operator], chips=chips)
