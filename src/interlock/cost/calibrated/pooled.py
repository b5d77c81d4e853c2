"""One time and one band from what several measured engines would take.

idea:    the time is the geometric mean of the engines', the band reaches from the lowest end to the highest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from interlock.cost.calibrated.basis import Basis, CalibratedTime
from interlock.cost.calibrated.coefficients import SIZES_S, Coefficients, Fitted


def pooled(
    found: Coefficients,
    sets: Sequence[Fitted],
    guesses: Sequence[Any],
    basis: Basis,
    *,
    as_fitted: bool,
    one_stack: bool,
) -> CalibratedTime:
    """The engines together.

    Args:
        found: of the family.
        sets: what was fitted for each engine.
        guesses: seconds by each.
        basis: what they stand on.
        as_fitted: whether the chip is as it was when they were fitted; as uncertain as one that was not seen if not.
        one_stack: whether one engine was asked for, so that others speak for it.
    """
    seconds = np.exp(np.mean([np.log(guess) for guess in guesses], axis=0))
    unseen = seconds * np.exp(found.unseen_band[0]), seconds * np.exp(found.unseen_band[1])
    if not as_fitted:
        return CalibratedTime(seconds, *unseen, Basis.OTHER_CHIP)
    bands = [band_of(one, guess) for one, guess in zip(sets, guesses, strict=True)]
    low = np.min([guess * np.exp(band[0]) for guess, band in zip(guesses, bands, strict=True)], axis=0)
    high = np.max([guess * np.exp(band[1]) for guess, band in zip(guesses, bands, strict=True)], axis=0)
    if basis is Basis.OTHER_STACK and one_stack:  # an engine that was not measured is as uncertain as a chip
        low, high = np.minimum(low, unseen[0]), np.maximum(high, unseen[1])
    return CalibratedTime(seconds, low, high, basis)


def band_of(one: Fitted, seconds: Any) -> tuple[Any, Any]:
    """Logarithms of the band's ends over the prediction, by its size class."""
    place = np.digitize(seconds, SIZES_S)
    ends = np.array(one.band, dtype=np.float32)
    return ends[place, 0], ends[place, 1]
