"""Mokey: 4-bit indices into a golden dictionary, an exponential, so that products become sums of exponents.

symbols: golden dictionary +-(a^k + c), k = 0 ... 7, fitted once to the clusters of a normal distribution; a tensor of
         mean m and deviation s has the centroids m +- s (a^k + c). Index: a sign and three bits.
         An outlier lies beyond a^7.5 + c deviations: its code indexes 16 centroids of their own in fp16; each run of
         64 values stores a count and the 6-bit places of its outliers.
keeps:   clusters are those of agglomeration: neighbours merge whose merging adds least to the sum of squares (Ward).
         They are averaged over eight seeded draws of 1024 values, and each weighs in the fit by the share it holds.
source:  Zadeh et al. 2022, Mokey, sections II-B to II-E.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interlock.numerics.arrays import Codes, Floats
from interlock.numerics.blocks import blocks
from interlock.numerics.codec import Codec, Encoded
from interlock.numerics.packing import bytes_as_floats, floats_as_bytes, pack, unpack

HALF: Final = 8
RUN: Final = 64
_POINTS: Final = 1024
_DRAWS: Final = 8
_OUTLIERS: Final = 16


@cache
def golden_clusters() -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Eight centres of the positive half of a normal distribution, by agglomeration, and the share that each holds."""
    draws = [np.abs(np.random.default_rng(seed).standard_normal(_POINTS)) for seed in range(_DRAWS)]
    found = [_agglomerated(np.sort(draw)) for draw in draws]
    centres, weights = (np.mean(part, axis=0) for part in zip(*found, strict=True))
    return tuple(centres.tolist()), tuple((weights / weights.sum()).tolist())


def _agglomerated(centres: Floats) -> tuple[Floats, Floats]:
    """Eight centres of ascending values, and how many values each holds."""
    weights = np.ones(len(centres))
    while len(centres) > HALF:
        added = weights[1:] * weights[:-1] / (weights[1:] + weights[:-1]) * np.diff(centres) ** 2
        at = int(np.argmin(added))
        total = weights[at] + weights[at + 1]
        centres[at] = (weights[at] * centres[at] + weights[at + 1] * centres[at + 1]) / total
        weights[at] = total
        centres, weights = np.delete(centres, at + 1), np.delete(weights, at + 1)
    return centres, weights


@cache
def golden_fit() -> tuple[float, float]:
    """a and c: least squares of a^k + c to the clusters by their shares; c follows from a, which a search finds."""
    levels, shares = map(np.array, golden_clusters())
    k = np.arange(HALF)

    def error(base: float) -> float:
        gap = base**k - levels
        return float((shares * (gap - (shares * gap).sum()) ** 2).sum())

    low, high = 1.01, 1.6
    for _ in range(80):
        third = (high - low) / 3
        low, high = (low, high - third) if error(low + third) < error(high - third) else (low + third, high)
    base = (low + high) / 2
    return base, float((shares * (levels - base**k)).sum())


def magnitudes() -> Floats:
    """The eight magnitudes a^k + c."""
    base, shift = golden_fit()
    found: Floats = base ** np.arange(HALF) + shift
    return found


def outlier_limit() -> float:
    """Deviations from the mean beyond which a value is an outlier: half an exponent past the last centroid."""
    base, shift = golden_fit()
    return float(base ** (HALF - 0.5) + shift)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dictionary:
    """A tensor's own numbers: mean, deviation, and the centroids of its outliers, ascending."""

    mean: float
    deviation: float
    outliers: Floats

    def value(self, codes: Codes) -> Floats:
        """The centroids of 4-bit codes."""
        sign = np.where(codes >> 3, -1.0, 1.0)
        value: Floats = self.mean + self.deviation * sign * magnitudes()[codes & 7]
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexed:
    """Codes of all values, and which of them index the outliers' centroids."""

    codes: Codes
    outlier: NDArray[np.bool_]
    dictionary: Dictionary


def index(values: Floats) -> Indexed:
    """The nearest centroids of finite values."""
    flat = values.reshape(-1).astype(np.float64)
    mean = float(np.float32(flat.mean())) if flat.size else 0.0
    deviation = float(np.float32(flat.std())) if flat.size else 0.0
    z = (flat - mean) / (deviation or 1.0)
    outlier = np.abs(z) > outlier_limit()
    far = np.sort(flat[outlier])
    parts = np.array_split(far, _OUTLIERS)
    with np.errstate(over="ignore"):
        table = np.array([part.mean() if part.size else (far[-1] if far.size else 0.0) for part in parts])
        table = np.sort(table.astype(np.float16).astype(np.float64))
    levels = magnitudes()
    codes = np.searchsorted((levels[1:] + levels[:-1]) / 2, np.abs(z)).astype(np.uint8) | (np.uint8(8) * (z < 0))
    codes[outlier] = np.searchsorted((table[1:] + table[:-1]) / 2, flat[outlier])
    return Indexed(codes=codes.astype(np.uint8), outlier=outlier,
                   dictionary=Dictionary(mean=mean, deviation=deviation, outliers=table))  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class MokeyCodec(Codec):
    """A dictionary for the tensor; what is no finite number makes all of it NaN."""

    name: str = "mokey4"

    def levels(self) -> Floats:
        """Centroids of a tensor of mean 0 and deviation 1, without outliers."""
        return np.concatenate([-magnitudes()[::-1], magnitudes()])

    def _encode(self, x: Floats, axis: int) -> Encoded:
        flat = blocks(x.shape, axis, "tensor").ordered(x)
        sound = bool(np.isfinite(flat).all())
        found = index(flat if sound else np.zeros_like(flat))
        runs = np.zeros(-(-flat.size // RUN) * RUN, dtype=bool)
        runs[: flat.size] = found.outlier
        counts = runs.reshape(-1, RUN).sum(axis=1).astype(np.uint8)
        places = (np.flatnonzero(runs) % RUN).astype(np.uint8)
        own = found.dictionary
        scale = np.array([own.mean if sound else np.nan, own.deviation])
        return Encoded(codec=self.name, shape=x.shape, axis=axis, dtype=str(x.dtype),
                       parts={"codes": pack(found.codes, 4), "counts": pack(counts, 7), "places": pack(places, 6)},
                       once={"mean and deviation": floats_as_bytes(scale, "float32"),
                             "outlier centroids": floats_as_bytes(own.outliers, "float16")})  # fmt: skip

    def _decode(self, stored: Encoded) -> Floats:
        codes = unpack(stored.parts["codes"], 4, stored.elements)
        counts = unpack(stored.parts["counts"], 7, -(-stored.elements // RUN)).astype(np.int64)
        places = unpack(stored.parts["places"], 6, int(counts.sum())) + np.repeat(np.arange(len(counts)) * RUN, counts)
        scale = bytes_as_floats(stored.once["mean and deviation"], "float32").astype(np.float64)
        table = bytes_as_floats(stored.once["outlier centroids"], "float16").astype(np.float64)
        own = Dictionary(mean=float(scale[0]), deviation=float(scale[1]), outliers=table)
        values = own.value(codes)
        values[places] = table[codes[places]] + 0 * scale[0]
        return values.astype(stored.dtype).reshape(stored.shape)

    def _quantize(self, x: Floats, axis: int) -> Floats:
        return self._decode(self._encode(x, axis))


def exponent_histogram(a: Codes, b: Codes) -> NDArray[np.int64]:
    """How often each sum of two exponents occurs, 0 to 14, products of unlike signs counted negatively."""
    sign = np.where((a ^ b) >> 3, -1, 1)
    return np.bincount((a & 7).astype(np.int64) + (b & 7), weights=sign, minlength=2 * HALF - 1).astype(np.int64)
