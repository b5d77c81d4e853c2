"""How many products a second the calibrated times price, beside the first-principles ones of `operator_time`.

    python benchmarks/operator_speed.py

Both price the same shapes on an H100, one thread, in the same run: the ratio is the claim, not the seconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from interlock.cost import Chips, operator_time
from interlock.cost.calibrated import gemm_seconds
from interlock.hardware import chip
from interlock.operators import Kind, Operator, compute_code

COUNT = 500_000


def rate(price: Callable[[], object]) -> float:
    """Products a second, the better of two runs."""
    spent = []
    for _ in range(2):
        started = time.perf_counter()
        price()
        spent.append(time.perf_counter() - started)
    return COUNT / min(spent)


def main() -> None:
    random = np.random.default_rng(0)
    sizes = [np.exp(random.uniform(np.log(low), np.log(32768), COUNT)).round() for low in (1, 64, 64)]
    m, n, k = sizes
    operator = Operator(
        name="product",
        block="gemm",
        kind=Kind.MATMUL,
        m=m,
        n=n,
        k=k,
        flop=2.0 * m * n * k,
        compute=compute_code("bf16"),
        weight_bytes=2.0 * k * n,
        input_bytes=2.0 * m * k,
        output_bytes=2.0 * m * n,
    )
    one = chip("h100-sxm")
    chips = Chips.of(one)
    formulas = rate(lambda: operator_time(operator, chips).time)
    calibrated = rate(lambda: gemm_seconds(one, "vllm", "bf16", "bf16", *sizes))
    print(f"first principles {formulas:>12,.0f} products a second")
    print(f"calibrated       {calibrated:>12,.0f} products a second")
    print(f"ratio            {calibrated / formulas:>12.2f}")


if __name__ == "__main__":
    main()
