"""Replicas that follow the load: bought when requests come faster, drained when they come slower.

idea:    every period, as many replicas as the requests of the last window need at a target rate each, rounded up; more
         at once, fewer only when nothing higher was wanted for a while (target tracking on requests a target, with the
         stabilisation window of Kubernetes' horizontal autoscaler). The newest goes first, and goes when it is empty.
departs: the signal is what arrives, which is known before anything is simulated, not what queues.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interlock.errors import InputError, shown
from interlock.serving.core.state import NEVER
from interlock.serving.lives import Lives, availability
from interlock.units import parse


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """`target`: requests a second of one replica. Times in seconds; `least` replicas are always there."""

    target: float
    window_s: float = 60.0
    period_s: float = 15.0
    hold_s: float = 300.0
    least: int = 1

    def wanted(self, arrivals: NDArray[np.float64], most: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Times at which it is looked, and the replicas from each of them on."""
        times = np.arange(0.0, float(arrivals[-1]) + self.hold_s + self.period_s, self.period_s)
        seen = np.searchsorted(arrivals, times, side="right")
        before = np.searchsorted(arrivals, times - self.window_s, side="right")
        rate = (seen - before) / np.clip(times, self.period_s, self.window_s)
        need = np.clip(np.ceil(rate / self.target), self.least, most).astype(np.int64)
        back = max(int(self.hold_s / self.period_s), 0)
        held = np.asarray([need[max(i - back, 0) : i + 1].max() for i in range(need.size)], dtype=np.int64)
        return times, held

    def lives(self, arrivals: NDArray[np.float64], most: int, start_up_s: float) -> Lives:
        """Replicas that come after their start-up and go when they are empty."""
        times, counts = self.wanted(arrivals, most)
        changed = np.concatenate([[True], np.diff(counts) != 0])
        return availability(times[changed].tolist(), counts[changed].tolist(), most, grace_s=NEVER,
                            start_up_s=start_up_s)  # fmt: skip


def scaling(text: str, where: str = "--autoscale") -> Scaling:
    """A rule from "rate=4,window=60s,period=15s,hold=5min,least=1".

    Raises:
        InputError: a part that is none of these, no number or time above 0, or no rate.
    """
    found: dict[str, Any] = {}
    for part in text.split(","):
        name, equals, value = part.partition("=")
        name = name.strip().lower()
        if not equals or name not in ("rate", "window", "period", "hold", "least"):
            raise InputError(where, shown(part), "rate, window, period, hold and least, such as rate=4,hold=5min")
        if name in ("rate", "least"):
            try:
                number = float(value)
            except ValueError:
                number = -1.0
            if not 0 < number < 1e9 or (name == "least" and number != int(number)):
                raise InputError(where, shown(part), "requests a second of a replica above 0; least a whole number")
            found["target" if name == "rate" else "least"] = number if name == "rate" else int(number)
            continue
        found[f"{name}_s"] = parse(value.strip(), "s", where=where)
        if found[f"{name}_s"] < (0 if name == "hold" else 1e-3):
            raise InputError(where, shown(part), "a time above 0")
    if "target" not in found:
        raise InputError(where, shown(text), "requests a second of one replica, such as rate=4")
    return Scaling(**found)
