"""Seconds of a product from tiles, waves and a roofline whose shares are fitted.

idea:    an engine picks one of a few output blocks, with or without splitting k over idle cores. Each choice has an
         arithmetic, a memory and a cache time that partly hide each other (4-norm); the fastest is taken, softly.
         Weights that the cache still holds from the last call come from there: a benchmark that cycles few copies of
         them is faster than serving, where other layers ran in between.
symbols: m, n, k of the product; W, A bytes of weights and of activations in and out; C cores; T blocks, s parts of k,
         w waves; U = 4,000 clock cycles, the unit of all times here.
keeps:   no time grows when bandwidth, peak or cache capacity does. One formula for NumPy and, while fitting, torch.
source:  Williams et al. 2009 (roofline); tiles, waves and split-k as in NVIDIA, Matrix Multiplication Background.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import reduce
from typing import Any, Final, NamedTuple

import numpy as np

from interlock.cost.calibrated.facts import Facts

BLOCKS: Final = ((64, 64), (128, 64), (64, 128), (128, 128), (128, 256), (256, 128))
UNIT_CYCLES: Final = 4000.0
STARTS: Final[dict[str, float]] = {  # where a fit of the parameters starts
    "launch": 1.0,  # U
    "bandwidth": 0.85,  # share of the rated one
    "cache": 0.5,  # bytes a clock and core over 64
    "prologue": 2.0,  # steps of 64 along k that a block waits before it computes
    "occupancy": 4.0,  # 1 / share of the cores that saturates the memory
    "reduce": 1.0,
    "split": 0.3,  # U
    "cold_cache": 0.3,  # bytes a clock and core over 64, of operands that the cache still holds
    "weights_held": 1.0,  # share of the cache at which half of the weights stay
    "weights_slope": 6.0,
    "activations_held": 0.7,
    "activations_slope": 3.0,
    "quantise": 0.14,
    **{f"block_{m}x{n}": 0.8 for m, n in BLOCKS},  # share of the peak
}
_BYTES_A_CLOCK: Final = 64.0
_STEP: Final = 64.0  # k is walked in steps of this length
_SHORTEST_K: Final = 256.0
_COLD: Final = 1e9  # as good as infinitely many copies, with gradients


class Bytes(NamedTuple):
    """Bytes of an element of activations, weights and results, and 1 where activations are narrowed first."""

    input: Any
    weight: Any
    output: Any
    quantised: Any


class Option(NamedTuple):
    """One block shape, with or without split k, or a row for each: times at full shares, in U."""

    compute: Any
    prologue: Any
    active: Any  # share of the cores that work
    cache: Any
    reduce: Any
    split: Any  # 1 or 0


class Terms(NamedTuple):
    """What the formula needs of a product on a chip."""

    weights_memory: Any
    activations_memory: Any
    weights_cache: Any
    activations_cache: Any
    weights_over_cache: Any  # log
    activations_over_cache: Any  # log
    quantise: Any
    options: tuple[Option, ...] | Option

    def columns(self) -> list[Any]:
        """All arrays, one after the other."""
        return [*self[:7], *(column for option in self.options for column in option)]

    @staticmethod
    def of_matrix(rows: Any) -> Terms:
        """What `columns` took apart, a row each: all options in one, for fewer operations while fitting."""
        options = rows[7:].reshape(-1, len(Option._fields), rows.shape[1])
        return Terms._make([*rows[:7], Option(*(options[:, place] for place in range(options.shape[1])))])

    @staticmethod
    def of_columns(columns: Iterable[Any]) -> Terms:
        """What `columns` took apart."""
        every = list(columns)
        width = len(Option._fields)
        options = [Option(*every[place : place + width]) for place in range(7, len(every), width)]
        return Terms._make([*every[:7], tuple(options)])


def product_terms(m: Any, n: Any, k: Any, each: Bytes, chip: Facts, copies: float = np.inf) -> Terms:
    """Terms of products on a chip; `copies` of the weights are cycled between two calls on the same ones."""
    unit_s = UNIT_CYCLES / chip.clock_hz
    bandwidth = chip.bandwidth_bytes_per_s * unit_s
    cache = chip.cores * (_BYTES_A_CLOCK * UNIT_CYCLES)
    weights, activations = n * k * each.weight, m * k * each.input + m * n * each.output
    return Terms(
        weights_memory=weights / bandwidth,
        activations_memory=activations / bandwidth,
        weights_cache=weights / cache,
        activations_cache=activations / cache,
        weights_over_cache=np.log((min(copies, _COLD) * weights + activations) / chip.cache_bytes),
        activations_over_cache=np.log((weights + activations) / chip.cache_bytes),
        quantise=m * k * (3.0 * each.quantised) / bandwidth,
        options=tuple(_options(m, n, k, each, chip, cache)),
    )


def _options(m: Any, n: Any, k: Any, each: Bytes, chip: Facts, cache: Any) -> Iterator[Option]:
    rate = chip.peak_flop_per_s / chip.cores * (UNIT_CYCLES / chip.clock_hz)
    longest = np.maximum(np.floor(k / _SHORTEST_K), 1.0)
    whole = np.ones_like(m * k)
    for rows, columns in BLOCKS:
        blocks = np.ceil(m / rows) * np.ceil(n / columns)
        fetched = blocks * (np.minimum(m, rows) * each.input + np.minimum(n, columns) * each.weight) * k / cache
        for parts in (whole, np.minimum(np.maximum(np.floor(chip.cores / blocks), 1.0), longest)):
            work = blocks * parts
            step = np.ceil(work / chip.cores) * (2.0 * rows * columns * _STEP) / rate
            split = (parts > 1.0).astype(np.float32)
            yield Option(
                compute=step * np.ceil(k / parts / _STEP),
                prologue=step,
                active=np.minimum(work, chip.cores) / chip.cores,
                cache=fetched,
                reduce=split * (m * n * 4.0 * (parts + 1.0) / cache),
                split=split,
            )


def product_units(terms: Terms, p: Mapping[str, Any], xp: Any = np) -> Any:
    """Time in units of 4,000 clock cycles; `xp` is the array module that holds terms and parameters."""
    weights_held = _sigmoid(p["weights_slope"] * (xp.log(p["weights_held"]) - terms.weights_over_cache), xp)
    held = _sigmoid(p["activations_slope"] * (xp.log(p["activations_held"]) - terms.activations_over_cache), xp)
    memory = _read(terms.weights_memory, terms.weights_cache, weights_held, p, xp)
    memory = memory + _read(terms.activations_memory, terms.activations_cache, held, p, xp)
    shares = [p[f"block_{rows}x{columns}"] for rows, columns in BLOCKS for _ in (1, 2)]
    if isinstance(terms.options, Option):
        times = list(_option(terms.options, memory, xp.stack(shares), p, xp))
    else:
        times = [_option(option, memory, share, p, xp) for option, share in zip(terms.options, shares, strict=True)]
    least = reduce(xp.minimum, times)
    total = sum(_power4(_power4(least / time)) for time in times)
    return least * total ** (-1.0 / 16.0) + p["launch"] + terms.quantise * p["quantise"]


def product_floor(m: Any, n: Any, k: Any, each: Bytes, chip: Facts) -> Any:
    """Seconds that rated peaks allow: all FLOP at the dense peak, or all bytes beyond what the cache holds."""
    moved = n * k * each.weight + m * k * each.input + m * n * each.output
    beyond = np.maximum(moved - chip.cache_bytes, 0.0) / chip.bandwidth_bytes_per_s
    return np.maximum(2.0 * m * n * k / chip.peak_flop_per_s, beyond)


def _option(option: Option, memory: Any, block: Any, p: Mapping[str, Any], xp: Any) -> Any:
    compute = (option.compute + option.prologue * p["prologue"]) / block
    share = xp.clip(option.active * p["occupancy"], 1e-3, 1.0)
    bound = _power4(compute) + _power4(memory / share) + _power4(option.cache / p["cache"])
    return xp.sqrt(xp.sqrt(bound)) + option.reduce * p["reduce"] + option.split * p["split"]


def _read(memory: Any, cache: Any, held: Any, p: Mapping[str, Any], xp: Any) -> Any:
    """From memory, and what the cache holds from there, which is never slower."""
    far = memory / p["bandwidth"]
    return far * (1.0 - held) + xp.minimum(cache / p["cold_cache"], far) * held


def _sigmoid(value: Any, xp: Any) -> Any:
    return 0.5 + 0.5 * xp.tanh(0.5 * value)


def _power4(value: Any) -> Any:
    square = value * value
    return square * square
