"""Tensor cores: work is padded to tiles, and never shrinks when a dimension grows."""

import numpy as np

from interlock.cost import Chips, operator_time
from interlock.exhibits.base import Reproduction, above, claim, exactly, holds, reproduction
from interlock.hardware import chip
from interlock.operators import Kind, Operator

CLAIM = claim(
    "matrix units multiply small tiles and accumulate wider", "the survey, III-C; NVIDIA, matrix multiplication guide"
)


def run() -> Reproduction:
    """Arithmetic time of products on an H100, over columns of sizes: a staircase in m, steps only upwards."""
    rows = np.arange(1.0, 4097.0)
    columns, inner = 8192.0, 8192.0
    product = Operator(
        name="product",
        block="mlp",
        kind=Kind.MATMUL,
        m=rows,
        n=columns,
        k=inner,
        flop=2 * rows * columns * inner,
        weight_bytes=columns * inner * 2,
        input_bytes=rows * inner * 2,
        output_bytes=rows * columns * 2,
    )
    chips = Chips.of(chip("h100-sxm"))
    time = np.asarray(operator_time(product, chips).compute)
    ideal = product.flop / (chips.peak[3] * 1.0)
    use = ideal / time
    granule = (chip("h100-sxm").engines["matrix"].granule or (1,))[0]
    return reproduction(
        exactly("granule of rows", 64, granule),
        holds("more rows never take less time", bool(np.all(np.diff(time) >= -1e-15))),
        exactly("time of 1 row over that of a granule", 1, float(time[0] / time[granule - 1])),
        above("time of 65 rows over that of 64, a step", 1.01, float(time[granule] / time[granule - 1])),
        holds("utilisation never exceeds 1", bool(np.all(use <= 1 + 1e-12))),
        exactly("utilisation of 1 row over that of 64", 1 / 64, float(use[0] / use[granule - 1])),
    )
