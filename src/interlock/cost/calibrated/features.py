"""What the correction of a product's time looks at: ratios of times and sizes, waves and their tails, powers of two.

keeps: no absolute seconds or bytes, so that a feature means the same on every chip.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from interlock.cost.calibrated.facts import Facts
from interlock.cost.calibrated.product_terms import UNIT_CYCLES, Bytes

BLOCKS: Final = ((64, 32), (64, 64), (128, 64), (64, 128), (128, 128), (128, 256), (256, 128), (256, 256))
COUNT: Final = 11 + 3 * len(BLOCKS) + 8
_DIVISIBLE: Final = 8


def product_features(m: Any, n: Any, k: Any, each: Bytes, chip: Facts) -> NDArray[np.float32]:
    """One row a product, float32."""
    found = np.empty((len(m), COUNT), np.float32)
    for place, column in enumerate(_features(m, n, k, each, chip)):
        found[:, place] = column
    return found


def _features(m: Any, n: Any, k: Any, each: Bytes, chip: Facts) -> list[Any]:
    log = _log
    unit_s = UNIT_CYCLES / chip.clock_hz
    compute = log(2.0 * m * n * k / (chip.peak_flop_per_s * unit_s))
    moved = m * k * each.input + n * k * each.weight + m * n * each.output
    memory = log(moved / (chip.bandwidth_bytes_per_s * unit_s))
    rows, columns, depth = log(m), log(n), log(k)
    inputs = rows + depth + log(each.input / chip.cache_bytes)
    found = [
        compute - memory,
        np.maximum(compute, memory),
        compute,
        memory,
        rows,
        columns,
        depth,
        inputs,
        columns + depth + log(each.weight / chip.cache_bytes),
        rows + columns + log(each.output / chip.cache_bytes),
        log(moved / chip.cache_bytes),
    ]
    for high, wide in BLOCKS:
        waves = np.ceil(m / high) * np.ceil(n / wide) / chip.cores
        log_waves = log(waves)
        found += [
            log_waves,
            log_waves - log(np.ceil(waves)),
            rows + columns - log_waves - log(high * wide * chip.cores),
        ]
    return [
        *found,
        *(_halvings(size) for size in (m, n, k)),
        log(k / (np.ceil(k / 64.0) * 64.0)),
        log(chip.cores),
        log(chip.peak_flop_per_s / chip.bandwidth_bytes_per_s),
        log(m * k * 3.0 / (chip.bandwidth_bytes_per_s * unit_s)),
        log(np.ceil(n / 128.0) * np.ceil(k / 128.0)),
    ]


def _log(value: Any) -> Any:
    return np.log(value, dtype=np.float32)  # of a plain number, too: a float64 would widen every column it meets


def _halvings(size: Any) -> Any:
    """How often a size can be halved, up to a limit."""
    whole = np.maximum(size, 1.0).astype(np.int64)
    return np.log2(np.minimum(whole & -whole, 1 << _DIVISIBLE).astype(np.float32))
