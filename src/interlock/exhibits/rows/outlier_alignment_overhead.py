"""Outliers stored apart or at variable length: bursts that fetch more than was asked for."""

import numpy as np
from numpy.typing import NDArray

from interlock.exhibits.base import Reproduction, below, claim, exactly, holds, reproduction

CLAIM = claim("overhead and limited speed of unaligned outliers (qualitative)", "the survey, IV-C.1")
BURST, TILE, OUTLIERS = 64, 128, 0.03  # bytes, weights, share of a trained tensor's weights


def efficiency(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> float:
    """Bytes asked for over bytes of the bursts that hold them, one request after the other."""
    ends = starts + lengths
    bursts = -(-ends // BURST) - starts // BURST
    return float(lengths.sum() / (bursts * BURST).sum())


def layouts(tiles: int = 4096) -> dict[str, float]:
    """Efficiency of fetching one tile of 128 weights at a time."""
    count = np.random.default_rng(0).binomial(TILE, OUTLIERS, tiles)

    def packed(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.concatenate([[0], np.cumsum(lengths)[:-1]])

    # OliVe: an outlier takes the place of its neighbour, four bits a weight whatever happens.
    olive = np.full(tiles, TILE // 2)
    # GOBO: three bits an index, and a list of 4-byte outliers with 2-byte positions elsewhere.
    codes, listed = np.full(tiles, TILE * 3 // 8), np.maximum(count, 1) * 6
    # OLAccel: four bits a weight, sixteen for an outlier in the same stream: every tile has its own length.
    mixed = TILE // 2 + count * 2
    return {
        "OliVe": efficiency(packed(olive), olive),
        "GOBO": efficiency(np.concatenate([packed(codes), packed(listed)]), np.concatenate([codes, listed])),
        "OLAccel": efficiency(packed(mixed), mixed),
    }


def run() -> Reproduction:
    """Three layouts of the same tensor through bursts of 64 bytes."""
    found = layouts()
    return reproduction(
        exactly("OliVe: aligned by construction", 1.0, found["OliVe"]),
        below("GOBO", 0.9, found["GOBO"]),
        below("OLAccel", 0.9, found["OLAccel"]),
        holds(
            "each variable layout wastes bursts",
            max(found["GOBO"], found["OLAccel"]) < found["OliVe"],
            ", ".join(f"{name} {value:.2f}" for name, value in found.items()),
        ),
    )
