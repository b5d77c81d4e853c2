"""Rounding to very few bits as QuIP does: weights turned until none stands out, then rounded with linear feedback.

symbols: W (out, in), H = E[x x^T] of what the layer reads, H = U D U^T with unit upper triangular U; proxy loss
         tr((W^ - W) H (W^ - W)^T). LDLQ rounds W_k + (W_{<k} - W^_{<k}) a_k, a_k being column k of U above its
         diagonal.
keeps:   incoherence is a random orthogonal matrix on each side, from a seed, in place of the paper's Kronecker product
         of two smaller ones; at most 512 wide, a full one is cheap. One range a row; 2^b odd multiples of half a step.
source:  Chee et al. 2023, QuIP: 2-bit quantization of large language models with guarantees, sections 3 and 4.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from interlock.exhibits.language_model import Floats, LanguageModel, calibration
from interlock.numerics.integers import Integer

_DAMPING: Final = 0.01  # of the mean of H's diagonal, added to it
_RANGE: Final = 2.4  # deviations of a row that the grid spans to each side

Moments = dict[str, NDArray[np.float64]]


def input_moments(model: LanguageModel) -> Moments:
    """H of every linear layer, on text that is not judged by."""
    found: Moments = {}

    def gather(name: str, x: Floats) -> None:
        flat = x.reshape(-1, x.shape[-1]).astype(np.float64)
        found[name] = flat.T @ flat / len(flat)

    model.logits(calibration(), gather)
    return found


def quip_rounded(weight: Floats, moment: NDArray[np.float64], *, bits: int, seed: int = 0) -> Floats:
    """A weight matrix rounded under two rotations with linear feedback."""
    rng = np.random.default_rng(seed)
    rows, columns = weight.shape
    left, right = (np.linalg.qr(rng.standard_normal((size, size)))[0] for size in (rows, columns))
    turned = left @ weight.astype(np.float64) @ right.T
    second = right @ moment @ right.T
    second += _DAMPING * np.trace(second) / columns * np.eye(columns)
    found = left.T @ linear_feedback(turned, second, bits) @ right
    result: Floats = found.astype(np.float32)
    return result


def linear_feedback(weight: NDArray[np.float64], moment: NDArray[np.float64], bits: int) -> NDArray[np.float64]:
    """LDLQ: columns in order, each corrected by the errors of those before it."""
    kind = Integer(bits=bits, span="half")
    scale = _RANGE * np.sqrt(np.mean(weight**2, axis=1)) / 2 ** (bits - 1)
    upper = np.linalg.cholesky(moment[::-1, ::-1])[::-1, ::-1]  # H = upper upper^T
    feedback = upper / np.diag(upper)
    rounded = np.zeros_like(weight)
    for k in range(weight.shape[1]):
        wanted = weight[:, k] + (weight[:, :k] - rounded[:, :k]) @ feedback[:k, k]
        rounded[:, k] = kind.round(wanted / scale) * scale
    return rounded
