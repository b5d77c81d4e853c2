"""What attention costs: keys and values read, products padded to what kernels work on, and waves of work units.

symbols: B sequences, H query heads, K key-value heads, G = H / K; S positions that a query sees, w a window; `depth` is
         the mean of the key's and the value's width, `stored` what the cache holds of a position and key-value head, in
         elements. U = 4,000 clock cycles.
idea:    decoding reads the cache once and multiplies G rows padded to a kernel's; a prompt multiplies blocks on and
         under the diagonal. A benchmark that reads the same cache again finds a small one in the chip's.
source:  FlashAttention-2: Dao 2023; split keys while decoding: Dao et al. 2023 (Flash-Decoding).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from interlock.cost.calibrated.facts import Facts
from interlock.cost.calibrated.form import Columns, Terms, log, unit_s, waves
from interlock.cost.calibrated.product_terms import UNIT_CYCLES, Bytes

COLUMNS: Final = ("sequences", "tokens", "context", "heads", "kv_heads", "depth", "stored", "window")
DECODE_HIDDEN: Final = ("memory", "cache", "rows_16", "rows_64", "unsplit")
DECODE_ADDED: Final = ("waves", "queries", "read", "window")
PREFILL_HIDDEN: Final = ("compute", "memory", "blocks", "exponentials", "waves", "longest")
PREFILL_ADDED: Final = ("cache", "blocks_begun", "last_row")
_BYTES_A_CLOCK: Final = 64.0  # of the cache, a core
_HELD_SHARE: Final = 0.3  # of that, for what the cache still holds
_HELD: Final = 0.6  # of the cache, at which half of what was read stays
_SLOPE: Final = 4.0
_UNIT: Final = 128.0  # positions of one unit of work
_CLOCKS: Final = 64.0  # exponentials a clock and core, times 4
_COLD: Final = 1e9


def decode_terms(c: Columns, each: Bytes, chip: Facts, copies: float) -> Terms:
    """One token a sequence."""
    seen, cached, queries, work = _decoding(c, each)
    group = c["heads"] / c["kv_heads"]
    unit = unit_s(chip)
    bandwidth, rate = chip.bandwidth_bytes_per_s * unit, chip.peak_flop_per_s * unit
    near = chip.cores * (_BYTES_A_CLOCK * UNIT_CYCLES)
    over = log((min(copies, _COLD) * cached + queries) / chip.cache_bytes)
    held = 0.5 + 0.5 * np.tanh(0.5 * _SLOPE * (np.log(_HELD) - over))
    far = cached / bandwidth
    memory = far * (1.0 - held) + np.minimum(cached / (_HELD_SHARE * near), far) * held
    units = c["sequences"] * c["kv_heads"]
    alone = np.ceil(units / chip.cores) * (seen * c["stored"] * each.weight) / (bandwidth / chip.cores)
    beyond = np.maximum(cached - chip.cache_bytes, 0.0) / bandwidth
    return Terms(
        hidden=(
            memory,
            (cached + queries) / near,
            work * (np.ceil(group / 16.0) * 16.0 / group) / rate,
            work * (np.ceil(group / 64.0) * 64.0 / group) / rate,
            alone * 0.1,
        ),
        added=(
            np.ceil(units * np.ceil(seen / _UNIT) / chip.cores) * 0.03,
            queries / near,
            memory * 0.05,
            (c["context"] + c["tokens"] > seen) * np.float32(0.2),
        ),
        least=np.maximum(work / rate, beyond),
    )


def decode_features(c: Columns, each: Bytes, chip: Facts) -> list[Any]:
    """What the correction of decoding sees besides the terms."""
    seen, cached, queries, work = _decoding(c, each)
    whole, group = c["context"] + c["tokens"], c["heads"] / c["kv_heads"]
    sequences, kv_heads = c["sequences"], c["kv_heads"]
    log_seen, log_whole, log_group = log(seen), log(whole), log(group)
    units = sequences * kv_heads
    found = [
        log(work / (chip.cores * (256.0 * UNIT_CYCLES))),
        log_seen,
        log_whole,
        log(sequences),
        log(kv_heads),
        log(c["heads"]),
        log_group,
        log(c["depth"]),
        (c["window"] > 0) * np.float32(1.0),
        log_whole - log_seen,
        log(np.ceil(group / 16.0) * 16.0 / group),
        log(np.ceil(group / 64.0) * 64.0 / group),
        log((cached + queries) / chip.cache_bytes),
        log(cached),
    ]
    for work_units in (
        units,
        sequences * c["heads"],
        units * np.ceil(seen / _UNIT),
        units * np.ceil(group / 16.0),
        units * np.ceil(seen / 512.0),
    ):
        found += waves(work_units, chip.cores)
    return [*found, *_kinds(c, each, group), (log_group * np.float32(1.442695)) % 1.0]


def prefill_terms(c: Columns, each: Bytes, chip: Facts, copies: float) -> Terms:
    """A prompt of `tokens` after `context` cached ones; nothing of it was read before, so `copies` says nothing."""
    del copies
    tokens, width = c["tokens"], _band(c)
    unit = unit_s(chip)
    bandwidth, rate = chip.bandwidth_bytes_per_s * unit, chip.peak_flop_per_s * unit
    near = chip.cores * (_BYTES_A_CLOCK * UNIT_CYCLES)
    lines = c["sequences"] * c["heads"]
    pairs = _pairs(c, width)
    work = lines * pairs * c["depth"] * 4.0
    tiles = np.ceil(tokens / _UNIT)
    rounds = np.ceil(lines * tiles / chip.cores)
    moved = _moved(c, each)
    blocks = lines * c["depth"] * 4.0 * (tiles * _UNIT**2) * (np.ceil(width / _UNIT) * 0.5 + 0.5)
    longest = width * c["depth"] * (4.0 * _UNIT) / (rate / chip.cores)
    beyond = np.maximum(moved - chip.cache_bytes, 0.0) / bandwidth
    return Terms(
        hidden=(
            work / rate,
            moved / bandwidth,
            blocks * 0.8 / rate,
            lines * pairs * (2.0 * 0.3) / (chip.cores * (_CLOCKS * UNIT_CYCLES)),
            rounds * (pairs * c["depth"] * 4.0 / tiles) * 0.8 / (rate / chip.cores),
            longest * 0.8,
        ),
        added=(moved / near, rounds * 0.02, longest * 0.1),
        least=np.maximum(work / rate, beyond),
    )


def prefill_features(c: Columns, each: Bytes, chip: Facts) -> list[Any]:
    """What the correction of prompts sees besides the terms."""
    tokens, width, group = c["tokens"], _band(c), c["heads"] / c["kv_heads"]
    sequences, heads = c["sequences"], c["heads"]
    lines = sequences * heads
    log_tokens = log(tokens)
    stored = sequences * c["kv_heads"] * tokens * c["depth"] * 4.0
    found = [
        log_tokens,
        log(width) - log_tokens,
        log(sequences),
        log(heads),
        log(c["kv_heads"]),
        log(group),
        log(c["depth"]),
        (c["window"] > 0) * np.float32(1.0),
        each.input + 0.0 * tokens,
        log(_moved(c, each) / chip.cache_bytes),
        log(lines),
        log(stored / chip.cache_bytes),
    ]
    for work_units in (
        lines * np.ceil(tokens / _UNIT),
        lines * np.ceil(tokens / 64.0),
        sequences * c["kv_heads"] * np.ceil(tokens * group / _UNIT),
        lines * np.ceil(tokens / 256.0),
        lines,
    ):
        found += waves(work_units, chip.cores)
    return [*found, *_kinds(c, each, group)]


def _decoding(c: Columns, each: Bytes) -> tuple[Any, Any, Any, Any]:
    """Positions seen, bytes of the cache, bytes of queries and results, FLOP."""
    whole = c["context"] + c["tokens"]
    seen = np.where(c["window"] > 0, np.minimum(whole, c["window"]), whole)
    cached = c["sequences"] * c["kv_heads"] * seen * (c["stored"] * each.weight)
    queries = c["sequences"] * c["heads"] * c["depth"] * 4.0
    return seen, cached, queries, queries * seen


def _band(c: Columns) -> Any:
    """Columns of the mask that a row can see: the window, or all tokens."""
    return np.where((c["window"] > 0) & (c["window"] < c["tokens"]), c["window"], c["tokens"])


def _pairs(c: Columns, width: Any) -> Any:
    """Pairs of a query and a position that it sees."""
    return c["tokens"] * c["context"] + width * (c["tokens"] - width) + width * (width + 1.0) * 0.5


def _moved(c: Columns, each: Bytes) -> Any:
    """Bytes: queries in and results out, keys and values in, and into the cache."""
    queries = c["heads"] * c["depth"] * 4.0
    return c["sequences"] * c["tokens"] * (queries + c["kv_heads"] * c["depth"] * (4.0 + 2.0 * each.weight))


def _kinds(c: Columns, each: Bytes, group: Any) -> list[Any]:
    one = np.float32(1.0)
    widths = [(c["depth"] == width) * one for width in (64.0, 192.0, 256.0)]
    return [*widths, each.weight + 0.0 * c["tokens"], (group == 1.0) * one]
