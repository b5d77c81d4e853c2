"""Which measured rows a fit may see: decided by a hash of the row itself, so that any copy of a table says the same.

idea:    BLAKE2b over the set's name, what ran and how. The measured value is no part of the hash: two runs of the same
         thing are on the same side.
source:  split conformal bands: Papadopoulos et al. 2002, Lei et al. 2018.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interlock.evidence.measurement import Measurements

FIT, BAND, HELD_OUT = 0, 1, 2
FIT_SHARE: Final = 0.15
BAND_SHARE: Final = 0.1


def hashed_parts(
    measurements: Measurements,
    texts: Sequence[str],
    numbers: Sequence[str],
    seed: int = 0,
    fit: float = FIT_SHARE,
    band: float = BAND_SHARE,
) -> NDArray[np.int64]:
    """FIT, BAND or HELD_OUT of each row, by these columns; one that a set does not have counts as 0."""
    length = len(measurements)
    words = [np.asarray(measurements.columns.get(name, np.full(length, "")), dtype=str).tolist() for name in texts]
    values = [np.asarray(measurements.columns.get(name, np.zeros(length)), dtype=float).tolist() for name in numbers]
    start = f"{measurements.set_name}|{seed}|"
    told = zip(zip(*words, strict=True), zip(*values, strict=True), strict=True)
    share = np.array([_share(start + "|".join((*text, *(f"{one:.6g}" for one in row)))) for text, row in told])
    return np.where(share < fit, FIT, np.where(share < fit + band, BAND, HELD_OUT))


def _share(text: str) -> float:
    """A number from 0 to 1 that looks random."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") / 2.0**64
