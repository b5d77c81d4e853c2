"""What a kernel's power depends on, from its shape: shares of the roofline, waves and their tails, sizes.

symbols: prefill: B sequences of N new tokens after a past, H heads over K KV heads of width D. Experts: T tokens, each
         choosing k of E experts of width h and inner width i, over p expert and t tensor ranks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from interlock.cost.calibrated.facts import Facts

WEIGHT_BYTES: Final = {"bf16": 2.0, "fp8-e4m3": 1.03}
LAUNCH_CYCLES: Final = 4000.0


class PowerTerms(NamedTuple):
    """Shares of the time in which the matrix unit and the memory work, and what a correction looks at."""

    compute_share: Any
    memory_share: Any
    features: NDArray[np.float32]


def power_terms(columns: Mapping[str, Any], chip: Facts) -> PowerTerms:
    """Terms of rows of prefill attention, or of experts where the columns say how many there are."""
    return _experts(columns, chip) if "experts" in columns else _prefill(columns, chip)


def _prefill(c: Mapping[str, Any], chip: Facts) -> PowerTerms:
    b, n, past, h, kv, d, window = (
        np.asarray(c[name], dtype=float)
        for name in ("sequences", "tokens", "context", "heads", "kv_heads", "head_dim", "window")
    )
    element = np.where(np.asarray(c["kv_format"]) == "fp8-e4m3", 1.0, 2.0)
    seen = np.where((window > 0) & (window < n), window, n)
    pairs = n * past + np.where(seen < n, seen * (n - seen), 0.0) + seen * (seen + 1.0) / 2.0
    flop = 4.0 * b * h * pairs * d
    moved = b * n * d * (4.0 * h + 2.0 * kv * (2.0 + element)) + 2.0 * b * past * kv * d * element
    blocks = b * h * np.ceil(n / 128.0)
    longest = 4.0 * 128.0 * (seen + past) * d / (chip.peak_flop_per_s / chip.cores)
    more = [n, past + 1.0, seen / n, b, h, kv, h / kv, d, moved / chip.cache_bytes, element, pairs]
    return _terms(flop, moved, chip, [longest, flop * np.ceil(n / 128.0) * 128.0 / n], more, [blocks, b * h])


def _experts(c: Mapping[str, Any], chip: Facts) -> PowerTerms:
    t, h, i, experts, k, tensor, ranks, skew, gated = (
        np.asarray(c[name], dtype=float)
        for name in ("tokens", "width", "intermediate", "experts", "top_k", "tensor", "expert", "skew", "gated")
    )
    weight = np.array([WEIGHT_BYTES.get(str(name), 1.0) for name in np.asarray(c["weight_format"])])
    inner, local = i / tensor, np.maximum(experts / ranks, 1.0)
    rows = t * k / ranks
    active = np.clip(local * -np.expm1(-rows / local), 1.0, local)
    matrices = 2.0 + gated
    each = np.maximum(rows / active, 1.0)
    flop = 2.0 * rows * h * inner * matrices / np.where(weight < 2.0, 2.0, 1.0)
    weights = active * matrices * h * inner * weight
    passed = rows * (2.0 * h + matrices * inner) * 2.0 + t * h * 4.0
    first = active * np.ceil(each / 64.0) * np.ceil(inner * (matrices - 1.0) / 128.0)
    second = active * np.ceil(each / 64.0) * np.ceil(h / 128.0)
    padded = [flop * np.ceil(each / side) * side / each / chip.peak_flop_per_s for side in (16.0, 64.0, 128.0)]
    more = [t, h, inner, k, experts, local, rows, each, tensor, ranks, 1.0 + skew, weights / chip.cache_bytes,
            passed / chip.cache_bytes, passed / weights, active / local]  # fmt: skip
    return _terms(flop, weights + passed, chip, padded, more, [first, second])


def _terms(flop: Any, moved: Any, chip: Facts, times: list[Any], more: list[Any], waves: list[Any]) -> PowerTerms:
    launch = LAUNCH_CYCLES / chip.clock_hz
    compute, memory = flop / chip.peak_flop_per_s, moved / chip.bandwidth_bytes_per_s
    total = np.maximum(compute, memory) + launch
    logs = [
        compute / launch,
        memory / launch,
        compute / memory,
        total / launch,
        *(time / total for time in times),
        *more,
    ]
    for blocks in waves:
        wave = blocks / chip.cores
        logs += [wave, wave / np.ceil(wave)]
    features = np.stack([np.log(np.maximum(value, 1e-12) + 0.0 * total) for value in logs], axis=1)
    return PowerTerms(compute / total, memory / total, features.astype(np.float32))
