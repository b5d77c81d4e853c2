"""Which rows a fit may see: decided by a hash of the row itself, so that anyone can tell it of any copy of the data.

idea:   SplitMix64 over the seed, the set's name and the sizes; the first 8 % train, the next 2 % set the bands, the
        rest is never seen.
source: Steele, Lea, Flood 2014 (SplitMix); split conformal bands: Papadopoulos et al. 2002, Lei et al. 2018.
"""

from __future__ import annotations

import zlib
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

TRAIN, BAND, HELD_OUT = 0, 1, 2
TRAIN_SHARE: Final = 0.08
BAND_SHARE: Final = 0.02


def part_of(set_name: str, sizes: tuple[Any, ...], seed: int) -> NDArray[np.int64]:
    """TRAIN, BAND or HELD_OUT of each row of a set."""
    return part_of_prints(fingerprints(set_name, sizes, seed))


def fingerprints(set_name: str, sizes: tuple[Any, ...], seed: int) -> NDArray[np.uint64]:
    """A number for each row of a set; rows of equal sizes have the same."""
    start = (zlib.crc32(set_name.encode()) + (seed << 32)) & 0xFFFFFFFFFFFFFFFF
    state = np.full(len(sizes[0]), start, dtype=np.uint64)
    for size in sizes:
        state = _mix(state + np.asarray(size, dtype=np.float64).astype(np.uint64))
    return state


def part_of_prints(prints: NDArray[np.uint64]) -> NDArray[np.int64]:
    """TRAIN, BAND or HELD_OUT of rows with these fingerprints."""
    share = prints.astype(np.float64) / 2.0**64
    return np.where(share < TRAIN_SHARE, TRAIN, np.where(share < TRAIN_SHARE + BAND_SHARE, BAND, HELD_OUT))


def _mix(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """One step; products wrap, as they must."""
    z = state + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
