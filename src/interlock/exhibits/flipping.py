"""SQuant: roundings are flipped until the errors of a kernel, then of a channel, sum up to at most half a step.

symbols: W (channels, kernels, size) in steps; d = rounded - W; a flip moves an element by one step against the sum.
idea:    a sum of errors e is brought to |e| <= 1/2 by flipping the round(|e|) elements that erred most in its
         direction. For channels, at most one flip a kernel, in the kernels whose own sum leans most in its direction.
keeps:   elements stay within one step. Kernel sums are within half a step before channels are settled and within one
         after: a kernel's sum is known but for whole steps, so both halves cannot hold at once.
source:  Guo et al. 2022, SQuant: on-the-fly data-free quantization, section 3.2 and algorithm 1. The second moments of
         inputs are taken to be a constant in a kernel and in a channel, so no data is needed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Steps = NDArray[np.float64]


def settled_kernels(weight: Steps, low: int, high: int) -> Steps:
    """Rounded to nearest, then flipped within each kernel; clipped to the codes that there are."""
    rounded = np.clip(np.round(weight), low, high)
    error = rounded - weight
    total = error.sum(axis=-1, keepdims=True)
    lean = np.sign(total)
    worth = np.where(_can(rounded, lean, low, high), error * lean, -np.inf)
    rank = np.argsort(np.argsort(-worth, axis=-1, kind="stable"), axis=-1)
    flip = (rank < np.round(np.abs(total))) & np.isfinite(worth)
    result: Steps = rounded - np.where(flip, lean, 0)
    return result


def settled_channels(weight: Steps, rounded: Steps, low: int, high: int) -> Steps:
    """Then one element each of so many kernels as bring the channel's sum to at most half a step."""
    error = rounded - weight
    of_kernel = error.sum(axis=-1)
    total = of_kernel.sum(axis=-1, keepdims=True)
    lean = np.sign(total)
    worth = np.where(_can(rounded, lean[..., None], low, high), error * lean[..., None], -np.inf)
    best = worth.argmax(axis=-1)
    possible = np.take_along_axis(worth, best[..., None], -1)[..., 0] >= 0  # stays within one step
    order = np.where(possible, of_kernel * lean, -np.inf)
    rank = np.argsort(np.argsort(-order, axis=-1, kind="stable"), axis=-1)
    flip = (rank < np.round(np.abs(total))) & np.isfinite(order)
    result = rounded.copy()
    place = np.where(flip, lean, 0)[..., None]
    np.put_along_axis(result, best[..., None], np.take_along_axis(result, best[..., None], -1) - place, -1)
    return result


def _can(rounded: Steps, lean: Steps, low: int, high: int) -> NDArray[np.bool_]:
    return (rounded - lean >= low) & (rounded - lean <= high)
