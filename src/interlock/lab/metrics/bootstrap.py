"""Intervals of ratios of sums, by drawing sequences again.

source: Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapter 13 (percentile intervals); the same draws
        for two models make their difference a paired one, as in Koehn 2004, Statistical Significance Tests for Machine
        Translation Evaluation
keeps:  the same seed draws the same sequences, whatever is averaged over them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

DRAWS: Final = 2000
_ENDS: Final = (0.025, 0.975)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A value and the ends of its 95 % interval."""

    value: float
    low: float
    high: float


def draws(count: int, seed: int) -> NDArray[np.int64]:
    """Places of sequences drawn with repetition, [draws, count]."""
    return np.random.default_rng(seed).integers(count, size=(DRAWS, count))


def interval(statistic: Callable[..., Floats], columns: tuple[ArrayLike, ...], seed: int = 0) -> Interval:
    """A statistic of column sums, with its interval.

    Args:
        statistic: from sums, one for each column, to a value; called on arrays of draws.
        columns: values of each sequence, all of one length.
        seed: of the draws.
    """
    arrays = [np.asarray(column, dtype=np.float64) for column in columns]
    value = float(statistic(*(array.sum(keepdims=True) for array in arrays))[0])
    chosen = draws(len(arrays[0]), seed)
    drawn = statistic(*(array[chosen].sum(1) for array in arrays))
    drawn = drawn[np.isfinite(drawn)]
    low, high = np.quantile(drawn, _ENDS) if drawn.size else (np.nan, np.nan)
    return Interval(value=value, low=float(low), high=float(high))


def perplexity(nats: Floats, tokens: Floats) -> Floats:
    """Exponential of the mean negative log-likelihood of a token."""
    found: Floats = np.exp(nats / tokens)
    return found


def bits_per_byte(nats: Floats, size: Floats) -> Floats:
    """Negative log-likelihood in bits, for each byte of text: comparable between tokenizers."""
    found: Floats = nats / np.log(2.0) / size
    return found


def share(hits: Floats, trials: Floats) -> Floats:
    """Hits among trials; nan of none."""
    return np.divide(hits, trials, out=np.full_like(hits, np.nan), where=trials > 0)


def perplexity_loss(nats: Floats, original: Floats, tokens: Floats) -> Floats:
    """By which part perplexity grew: 0.01 is 1 %."""
    found: Floats = np.expm1((nats - original) / tokens)
    return found


def share_change(hits: Floats, original: Floats, trials: Floats) -> Floats:
    """Change of a share, negative is worse."""
    return share(hits - original, trials)
