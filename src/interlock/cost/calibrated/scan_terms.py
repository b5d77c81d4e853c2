"""What linear attention and its short convolutions cost: states, rows in and out, chunks in a chain, channels.

symbols: B sequences of S tokens; Nv value heads of Dv, Nk key heads of Dk elements; channels = Nv Dv + 2 Nk Dk;
         U = 4,000 clock cycles.
idea:    a prompt walks chunks of 64 tokens, one after the other for each head. A convolution streams its channels; some
         engines give each sequence and channel a block of threads of its own, which then walks 512 tokens at a time
         and loads one by one what does not come in eights.
source:  Gated DeltaNet: Yang et al. 2024, section 3.3; causal-conv1d: Dao and Gu 2024.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np

from interlock.cost.calibrated.facts import Facts
from interlock.cost.calibrated.form import Columns, Terms, log, unit_s, waves
from interlock.cost.calibrated.product_terms import UNIT_CYCLES, Bytes

COLUMNS: Final = (
    "sequences", "tokens", "heads", "head_dim", "groups", "state", "convolution", "decode", "verify",
)  # fmt: skip
HIDDEN: Final = ("memory", "compute", "chain_shared", "cache", "blocks", "walks")
ADDED: Final = ("chain", "read", "exponentials", "waves", "unaligned")
_CHUNK: Final = 64.0
_WALK: Final = 512.0
_VECTOR: Final = 8.0
_BYTES_A_CLOCK: Final = 64.0


class _Size(NamedTuple):
    tokens: Any
    channels: Any
    moved: Any  # bytes
    work: Any  # FLOP
    chain: Any  # chunks of a sequence
    units: Any


def scan_terms(c: Columns, each: Bytes, chip: Facts, copies: float) -> Terms:
    """A scan or a convolution; the benchmark's states and rows are taken as cold."""
    del copies
    size = _size(c, each)
    unit = unit_s(chip)
    bandwidth, rate = chip.bandwidth_bytes_per_s * unit, chip.peak_flop_per_s * unit
    near = chip.cores * (_BYTES_A_CLOCK * UNIT_CYCLES)
    lines = c["sequences"] * c["heads"]
    alone = c["sequences"] * size.channels * c["convolution"] / chip.cores
    out = size.tokens * c["heads"] * c["head_dim"] * each.output
    return Terms(
        hidden=(
            size.moved / bandwidth,
            size.work / rate,
            size.chain * np.ceil(lines / chip.cores) * 0.5,
            size.moved / near,
            alone * 0.05,
            alone * np.ceil(c["tokens"] / _WALK) * 0.05,
        ),
        added=(
            size.chain * 0.2,
            size.moved / bandwidth,
            size.tokens * c["heads"] * 0.693 / near,
            np.ceil(size.units / chip.cores) * 0.05,
            alone * ((c["tokens"] % _VECTOR) > 0) * 0.02,
        ),
        least=np.maximum(out - chip.cache_bytes, 0.0) / bandwidth,
    )


def scan_features(c: Columns, each: Bytes, chip: Facts) -> list[Any]:
    """What the correction sees besides the terms."""
    size = _size(c, each)
    lines = c["sequences"] * c["heads"]
    log_chain, log_each = log(size.chain), log(c["tokens"])
    one = np.float32(1.0)
    found = [
        log(c["sequences"]),
        log_each,
        log(size.tokens),
        log(c["heads"]),
        log(c["groups"]),
        log(c["head_dim"]),
        log(c["state"]),
        1.0 - c["decode"] - c["verify"],
        c["verify"],
        c["convolution"],
        log(size.channels),
        log_chain,
        log(size.moved / chip.cache_bytes),
        log(lines * size.chain),
        log_each - log_chain,
        ((c["tokens"] % _VECTOR) > 0) * one,
        log_each - log(np.ceil(c["tokens"] / _WALK) * _WALK),
    ]
    for units in (
        size.units,
        lines,
        lines * size.chain,
        np.ceil(size.tokens / 128.0) * np.ceil(size.channels / 128.0),
        c["sequences"] * size.channels,
    ):
        found += waves(units, chip.cores)
    return found


def _size(c: Columns, each: Bytes) -> _Size:
    """Sizes of a scan, or of a convolution where the column says so."""
    convolution = c["convolution"] > 0
    values, keys = c["heads"] * c["head_dim"], c["groups"] * c["state"]
    channels = values + 2.0 * keys
    tokens = c["sequences"] * c["tokens"]
    chain = np.ceil(c["tokens"] / _CHUNK)
    states = c["sequences"] * values * c["state"] * 8.0
    scanned = tokens * (channels + values) * each.input + states
    streamed = tokens * channels * (each.input + each.output) + c["sequences"] * channels * 16.0
    multiplied = tokens * c["heads"] * (4.0 * c["state"] * c["head_dim"] + 2.0 * _CHUNK * (c["state"] + c["head_dim"]))
    tiles = np.ceil(channels / 128.0) * c["sequences"] * chain
    heads = c["sequences"] * c["heads"] * np.ceil(c["head_dim"] / 64.0)
    return _Size(
        tokens=tokens,
        channels=channels,
        moved=np.where(convolution, streamed, scanned),
        work=np.where(convolution, tokens * channels * 8.0, multiplied),
        chain=chain,
        units=np.where(convolution, tiles, heads),
    )
