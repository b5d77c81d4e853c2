"""GOBO: weights far out of a Gaussian stay FP32, the rest are indices of eight centroids that minimise the L1 error.

symbols: mean mu and deviation sigma of the tensor; a weight is an outlier where log density N(w; mu, sigma) < -4,
         that is (w - mu)^2 > 2 sigma^2 (4 - log(sigma sqrt(2 pi))). Indices of b bits, 2^b centroids.
keeps:   centroids start as the means of 2^b equally filled bins of the sorted weights, then weights go to the nearest
         centroid and centroids to the mean of theirs while the L1 error falls: k-means stopped at its least L1.
         An outlier is its FP32 value and a 32-bit place; its index is 0. With sigma so wide that the density is below
         -4 everywhere, the threshold falls back to 3.5 deviations.
source:  Zadeh et al. 2020, GOBO, sections III-A (outliers) and III-B (centroids).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interlock.numerics.arrays import Codes, Floats
from interlock.numerics.blocks import blocks
from interlock.numerics.codec import Codec, Encoded
from interlock.numerics.packing import bytes_as_floats, floats_as_bytes, pack, unpack

THRESHOLD: Final = -4.0
_MOST_ROUNDS: Final = 200


def outlier_distance(sigma: float, threshold: float = THRESHOLD) -> float:
    """How far from the mean the log density of a Gaussian falls below a threshold."""
    if sigma <= 0:
        return 0.0
    room = -math.log(sigma * math.sqrt(2 * math.pi)) - threshold
    return sigma * math.sqrt(2 * room) if room > 0 else 3.5 * sigma


@dataclass(frozen=True, slots=True, kw_only=True)
class Centroids:
    """Ascending centroids, and the L1 error of each round, the last one being where it stopped."""

    values: Floats
    errors: tuple[float, ...]


def centroids(values: Floats, bits: int, *, until_l1_rises: bool = True) -> Centroids:
    """GOBO's centroids of finite values; k-means run to its end where `until_l1_rises` is false.

    Works on the sorted values and their running sums, so that a round costs a search for each centroid.
    """
    ordered = np.sort(values.reshape(-1)).astype(np.float64)
    sums = np.concatenate([[0.0], np.cumsum(ordered)])
    edges = np.linspace(0, len(ordered), 2**bits + 1).astype(np.int64)
    found = _means(sums, edges, ordered)
    best, errors = found, [_l1(ordered, sums, found)]
    for _ in range(_MOST_ROUNDS):
        moved = _means(sums, _edges(ordered, found), found)
        if np.array_equal(moved, found):
            break
        error = _l1(ordered, sums, moved)
        if until_l1_rises and error >= errors[-1]:
            break
        errors.append(error)
        found = best = moved
    return Centroids(values=best, errors=tuple(errors))


def _edges(ordered: Floats, found: Floats) -> NDArray[np.int64]:
    """Where the values nearest to each centroid begin and end."""
    inner = np.searchsorted(ordered, (found[1:] + found[:-1]) / 2, side="right")
    return np.concatenate([[0], inner, [len(ordered)]])


def _means(sums: Floats, edges: NDArray[np.int64], fallback: Floats) -> Floats:
    """Means of the parts; an empty part keeps the centroid it had."""
    count = np.diff(edges)
    kept = fallback if len(fallback) == len(count) else np.take(fallback, np.minimum(edges[:-1], len(fallback) - 1))
    return np.sort(np.where(count > 0, np.diff(sums[edges]) / np.maximum(count, 1), kept))


def _l1(ordered: Floats, sums: Floats, found: Floats) -> float:
    """Sum of distances of sorted values to their nearest centroid."""
    edges = _edges(ordered, found)
    start, end = edges[:-1], edges[1:]
    split = np.clip(np.searchsorted(ordered, found), start, end)
    below = found * (split - start) - (sums[split] - sums[start])
    above = (sums[end] - sums[split]) - found * (end - split)
    return float((below + above).sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class GoboCodec(Codec):
    """Indices of `bits` bits for all weights of a tensor, a table, and the outliers apart."""

    name: str = "gobo3"
    bits: int = 3
    threshold: float = THRESHOLD

    def levels(self) -> None:
        """They depend on the tensor."""
        return

    def outliers(self, x: Floats) -> NDArray[np.bool_]:
        """Which weights are stored as they are; what is no finite number always is."""
        finite = np.isfinite(x)
        known = x[finite].astype(np.float64)
        if not known.size:
            return ~finite
        with np.errstate(invalid="ignore"):
            far: NDArray[np.bool_] = np.abs(x - known.mean()) > outlier_distance(float(known.std()), self.threshold)
        return np.logical_or(far, ~finite)

    def _encode(self, x: Floats, axis: int) -> Encoded:
        flat = blocks(x.shape, axis, "tensor").ordered(x)
        outlier = self.outliers(flat)
        inside = flat[~outlier]
        table = centroids(inside, self.bits).values if inside.size else np.zeros(2**self.bits)
        codes: Codes = np.zeros(flat.size, dtype=np.uint16)
        codes[~outlier] = np.searchsorted((table[1:] + table[:-1]) / 2, inside)
        with np.errstate(over="ignore"):
            held = {"outliers": floats_as_bytes(flat[outlier], "float32")}
        places = np.flatnonzero(outlier).astype(np.uint32)
        return Encoded(codec=self.name, shape=x.shape, axis=axis, dtype=str(x.dtype),
                       parts={"codes": pack(codes, self.bits), **held, "places": pack(places, 32)},
                       once={"centroids": floats_as_bytes(table, "float32")})  # fmt: skip

    def _decode(self, stored: Encoded) -> Floats:
        table = bytes_as_floats(stored.once["centroids"], "float32").astype(stored.dtype)
        flat = np.take(table, unpack(stored.parts["codes"], self.bits, stored.elements))
        outliers = bytes_as_floats(stored.parts["outliers"], "float32")
        flat[unpack(stored.parts["places"], 32, len(outliers))] = outliers
        return flat.reshape(stored.shape)

    def _quantize(self, x: Floats, axis: int) -> Floats:
        return self._decode(self._encode(x, axis))
