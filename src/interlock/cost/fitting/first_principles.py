"""First-principles seconds of measured products, which a calibration in formats that no table has must better."""

from __future__ import annotations

from typing import Any

import numpy as np

from interlock.cost.calibrated.schemes import Scheme
from interlock.cost.chips import Chips
from interlock.cost.operator_time import operator_time
from interlock.hardware import Chip
from interlock.operators import Kind, Operator, compute_code


def first_principles(chip: Chip, scheme: Scheme, m: Any, n: Any, k: Any) -> Any:
    """Seconds of each product, its weights cold."""
    product = Operator(
        name="product", block="measured", kind=Kind.MATMUL, m=m, n=n, k=k, flop=2.0 * m * n * k,
        compute=float(compute_code(scheme.operand)), weight_bytes=n * k * scheme.weight_bytes,
        input_bytes=m * k * scheme.input_bytes, output_bytes=m * n * scheme.output_bytes,
    )  # fmt: skip
    return np.asarray(operator_time(product, Chips.of(chip)).time, dtype=float)
