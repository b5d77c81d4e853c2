"""Matrix products, single or batched, with a weight matrix for each of the batch."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from interlock.cost import Chips
from interlock.evidence.measurement import Measurements
from interlock.operators import Kind, Operator
from interlock.validation.operators.lowered import Lowered, formats, number


def lower(measurements: Measurements, chips: Chips) -> Iterator[Lowered]:
    """C[m, n] = A[m, k] B[k, n], `batch` times; results have the activations' width, and 16 bits at least."""
    f = formats(measurements, chips)
    m, n, k, batch = (number(measurements, name) for name in ("m", "n", "k", "batch"))
    operator = Operator(
        name="product",
        block="gemm",
        kind=Kind.MATMUL,
        batch=batch,
        m=m,
        n=n,
        k=k,
        flop=2.0 * batch * m * n * k,
        compute=f.compute,
        weight_bytes=batch * k * n * f.weight,
        input_bytes=batch * m * k * f.activation,
        output_bytes=batch * m * n * f.wide,
    )
    yield Lowered(rows=np.arange(len(measurements)), operators=[operator], chips=chips)
