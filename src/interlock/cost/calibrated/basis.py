"""What a calibrated time stands on, and the time with its band."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np

from interlock.evidence import Evidence


class Basis(StrEnum):
    """Whose measurements the coefficients were fitted to, the closest first."""

    OWN = "calibrated"  # this chip, this engine, this scheme
    OTHER_STACK = "calibrated on other stacks of the chip"
    OTHER_CHIP = "calibrated on another chip"

    @property
    def evidence(self) -> Evidence:
        """The class that a report shows: a transfer to another chip is derived, not calibrated."""
        return Evidence.DERIVED if self is Basis.OTHER_CHIP else Evidence.CALIBRATED


class CalibratedTime(NamedTuple):
    """Seconds, the ends of a 90 % band, and what they stand on."""

    seconds: Any
    low: Any
    high: Any
    basis: Basis

    def spread(self, mask: Any) -> CalibratedTime:
        """The times of the elements where a mask is true, put there; nan elsewhere."""

        def column(values: Any) -> Any:
            found = np.full(mask.shape, np.nan)
            found[mask] = values
            return found

        return CalibratedTime(column(self.seconds), column(self.low), column(self.high), self.basis)
