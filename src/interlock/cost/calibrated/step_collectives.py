"""The collectives of a step, priced by calibration; transfers between two chips keep first principles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from interlock.cost.calibrated.basis import Basis, CalibratedTime
from interlock.cost.calibrated.collective import collective_seconds
from interlock.cost.calibrated.step_times import StepTimes
from interlock.cost.chips import Chips
from interlock.errors import UnsupportedError
from interlock.hardware import Chip
from interlock.operators import Communication, Kind, Operator
from interlock.parallel import collective_time

_ENGINES: Final = ("trtllm", "vllm", "sglang")  # whose own all-reduce was measured


def price_collectives(operators: Sequence[Operator], found: StepTimes, chips: Chips) -> None:
    """Put the times of all collectives that a calibration can price and that links can carry."""
    assert chips.calibrated_on is not None
    for index, o in enumerate(operators):
        if o.kind is not Kind.COLLECTIVE or o.communication is None:
            continue
        reached = np.isfinite(collective_time(o.communication, o.message_bytes, o.group, chips.links))
        message, group = np.broadcast_arrays(o.message_bytes, o.group)
        mask = np.broadcast_to(reached, message.shape) & (message > 0) & (group > 1)
        if not mask.any():
            continue
        time = _seconds(chips.calibrated_on, chips.stack, o.communication, message[mask], group[mask])
        if time is not None:
            found.put(index, time.spread(mask), o.load, mask)


def _seconds(chip: Chip, stack: str | None, kind: Communication, message: Any, group: Any) -> CalibratedTime | None:
    """Of one engine; without a name the mean of the logarithms over engines, as other kernels have it."""
    times = []
    for engine in _ENGINES if stack is None else (stack,):
        try:
            times.append(collective_seconds(chip, engine, kind, message, group))
        except UnsupportedError:
            continue
    if not times:
        return None
    seconds = np.exp(np.mean([np.log(time.seconds) for time in times], axis=0))
    low, high = np.min([time.low for time in times], axis=0), np.max([time.high for time in times], axis=0)
    return CalibratedTime(seconds, low, high, max((time.basis for time in times), key=tuple(Basis).index))
