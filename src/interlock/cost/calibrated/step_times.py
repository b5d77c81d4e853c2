"""Calibrated seconds of a step's operators while they are being collected: nan where there are none yet."""

from __future__ import annotations

from typing import Any

import numpy as np

from interlock.cost.calibrated.basis import Basis, CalibratedTime

_STRENGTH = {basis: rank for rank, basis in enumerate(Basis)}


class StepTimes:
    """Seconds and ends of bands by the place of an operator, and the weakest basis that any of its elements has."""

    def __init__(self, count: int) -> None:
        self.basis: list[Basis | None] = [None] * count
        self._times: list[tuple[Any, Any, Any]] = [(np.nan, np.nan, np.nan)] * count

    def of(self, index: int) -> tuple[Any, Any, Any]:
        """Seconds, low and high of an operator; nan where no calibration covers it."""
        return self._times[index]

    def put(self, index: int, time: CalibratedTime, share: Any = 1.0, where: Any = True) -> None:
        """Times of an operator, for the elements `where` they apply."""
        before = self._times[index]
        now = (time.seconds * share, time.low * share, time.high * share)
        seconds, low, high = (np.where(where, new, old) for new, old in zip(now, before, strict=True))
        self._times[index] = seconds, low, high
        own = self.basis[index]
        self.basis[index] = time.basis if own is None else max(own, time.basis, key=_STRENGTH.__getitem__)
