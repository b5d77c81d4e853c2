"""What grouped experts cost: weights of the experts in use, rows padded to blocks, waves, and moving rows about.

symbols: T tokens of the whole group, k experts a token of E, s the skew: popularity ~ rank ** -s; U = 4,000 cycles.
idea:    the chip with the most popular expert is timed: it holds E / expert experts and takes that expert's rows beside
         its share of the others'. With skew, experts in use are those that a draw of all rows finds.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np

from interlock.cost.calibrated.facts import Facts
from interlock.cost.calibrated.form import Columns, Terms, log, unit_s, waves
from interlock.cost.calibrated.product_terms import UNIT_CYCLES, Bytes

COLUMNS: Final = (
    "tokens", "width", "intermediate", "experts", "top_k", "tensor", "expert", "skew", "gated",
)  # fmt: skip
HIDDEN: Final = ("weights", "compute", "rows_16", "rows_128", "waves")
ADDED: Final = ("rows", "tokens", "weights_read", "experts", "gather")
_BYTES_A_CLOCK: Final = 64.0
_ROW_BYTES: Final = 2.0


class _Load(NamedTuple):
    """Of the chip that is timed."""

    experts: Any
    active: Any
    rows: Any
    each: Any  # rows of an active expert
    columns: Any  # of one matrix
    matrices: Any
    weights: Any  # bytes of the active experts
    moved: Any  # bytes of rows in, between and out


def expert_terms(c: Columns, each: Bytes, chip: Facts, copies: float) -> Terms:
    """Both products, the activation between them, and the permutation; weights are always cold."""
    del copies
    load = _load(c, each)
    unit = unit_s(chip)
    bandwidth, rate = chip.bandwidth_bytes_per_s * unit, chip.peak_flop_per_s * unit
    work = c["width"] * load.matrices * load.columns * 2.0
    first, second = _blocks(c, load, 64.0, 128.0)
    filled = np.ceil(first / chip.cores) * c["width"] + np.ceil(second / chip.cores) * load.columns
    tokens = c["tokens"] * c["width"] * 4.0
    fewest = np.maximum(c["top_k"] / c["expert"], 1.0) * work * (0.5 * each.weight)
    return Terms(
        hidden=(
            load.weights / bandwidth,
            load.rows * work / rate,
            load.active * np.ceil(load.each / 16.0) * 16.0 * work / rate,
            load.active * np.ceil(load.each / 128.0) * 128.0 * work / rate,
            filled * (2.0 * 64.0 * 128.0) / (rate / chip.cores),
        ),
        added=(
            load.moved / bandwidth,
            tokens / bandwidth,
            load.weights * 0.1 / bandwidth,
            c["experts"] * np.float32(0.01),
            load.rows * c["width"] / (chip.cores * (_BYTES_A_CLOCK * UNIT_CYCLES)),
        ),
        least=np.maximum(
            c["tokens"] * c["top_k"] / c["expert"] * work / rate,
            np.maximum(fewest - chip.cache_bytes, 0.0) / bandwidth,
        ),
    )


def expert_features(c: Columns, each: Bytes, chip: Facts) -> list[Any]:
    """What the correction sees besides the terms."""
    load = _load(c, each)
    one = np.float32(1.0)
    log_each = log(load.each)
    found = [
        log(load.weights / load.rows),
        log(c["tokens"]),
        log(c["width"]),
        log(load.columns),
        log(c["top_k"]),
        log(c["experts"]),
        log(load.experts),
        log(load.rows),
        log_each,
        log(load.rows / load.experts + np.float32(0.01)),
        c["skew"],
        (c["skew"] > 0) * one,
        c["gated"],
        log(load.weights / chip.cache_bytes),
        log(load.moved / chip.cache_bytes),
        log(c["tensor"]),
        log(c["expert"]),
        (c["experts"] >= 128.0) * one,
        load.active / load.experts,
    ]
    first, second = _blocks(c, load, 64.0, 128.0)
    narrow = load.active * np.ceil(load.each / 16.0) * np.ceil(load.columns / 64.0)
    wide = load.active * np.ceil(load.each / 128.0) * np.ceil(load.columns / 64.0)
    for blocks in (first, second, narrow, wide):
        found += waves(blocks, chip.cores)
    return [*found, *(log_each - log(np.ceil(load.each / size) * size) for size in (16.0, 64.0, 128.0))]


def _load(c: Columns, each: Bytes) -> _Load:
    matrices, columns = 2.0 + c["gated"], c["intermediate"] / c["tensor"]
    experts = np.maximum(c["experts"] / c["expert"], 1.0)
    chosen = c["tokens"] * c["top_k"]
    top = 1.0 / _popularities(c["experts"], c["skew"])
    others = (experts - 1.0) / np.maximum(c["experts"] - 1.0, 1.0)
    rows = np.minimum(chosen * (top + (1.0 - top) * others), c["tokens"] * np.minimum(c["top_k"], experts))
    drawn = experts * -np.expm1(-rows / experts)
    active = np.maximum(np.where(c["skew"] > 0, drawn, np.minimum(experts, rows)), 1.0)
    return _Load(
        experts=experts,
        active=active,
        rows=rows,
        each=np.maximum(rows / active, 1.0),
        columns=columns,
        matrices=matrices,
        weights=active * matrices * c["width"] * columns * each.weight,
        moved=rows * (2.0 * c["width"] + matrices * columns) * _ROW_BYTES + c["tokens"] * c["width"] * 4.0,
    )


def _popularities(experts: Any, skew: Any) -> Any:
    """The sum of rank ** -skew over the ranks, the first exact, the others by their integral."""
    power = 1.0 - skew
    power = np.where(np.abs(power) < 1e-3, 1e-3, power)
    return 1.0 + ((experts + 0.5) ** power - np.float32(1.5) ** power) / power


def _blocks(c: Columns, load: _Load, rows: float, columns: float) -> tuple[Any, Any]:
    """Blocks of the first product or products and of the second."""
    high = load.active * np.ceil(load.each / rows)
    return high * np.ceil(load.columns * (load.matrices - 1.0) / columns), high * np.ceil(c["width"] / columns)
