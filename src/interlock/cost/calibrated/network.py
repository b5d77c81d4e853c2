"""A small bounded network: two SiLU layers whose second, third and bias belong in part to the set of measurements.

symbols: x features, h hidden units; e embedding, g gain and l last layer of a set.
keeps:   the correction never exceeds a factor exp(bound) either way.
source:  SiLU: Elfwing et al. 2018. Embeddings of groups beside shared weights: Guo and Berkhahn 2016.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]
CLIP: Final = 3.5  # standard deviations


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Weights that all sets share. `first` takes features, then the embedding: (features + embedding, h)."""

    bound: float
    mean: Matrix
    deviation: Matrix
    first: Matrix
    first_bias: Matrix
    second: Matrix
    second_bias: Matrix
    last: Matrix
    last_bias: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """What belongs to one set."""

    embedding: Matrix
    gain: Matrix
    last: Matrix


def correction(features: Matrix, shared: Network, own: Own) -> Any:
    """Logarithm of measured over formula."""
    width = len(shared.mean)
    bias = shared.first_bias + own.embedding @ shared.first[width:]
    x = np.clip((features - shared.mean) / shared.deviation, -CLIP, CLIP)
    h = _silu(x @ shared.first[:width] + bias)
    h = _silu(h @ ((1.0 + own.gain)[:, None] * shared.second) + shared.second_bias)
    out = h @ (shared.last + own.last) + np.float32(shared.last_bias)
    return shared.bound * np.tanh(out / shared.bound)


def _silu(z: Any) -> Any:
    return z * (0.5 + 0.5 * np.tanh(0.5 * z))
