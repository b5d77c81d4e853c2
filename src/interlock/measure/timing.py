"""Timing a call: warmed up, repeated until a share of time is spent, the least and the median kept.

idea: the least of many runs is what the machine can do, since whatever else runs only adds; the median says how calm
      it was meanwhile. Short calls are timed several at a time, so that the clock's own cost does not count. On one
      thread the clock is the process's own, which stands still while others have the core.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, NamedTuple

_SHORTEST_S: Final = 50e-6  # of one timing
_FEWEST: Final = 3
_MOST: Final = 2000
_WARM_UP: Final = 3
_TOGETHER: Final = 100
_SETTLED: Final = 0.03  # median over least at which many timings are enough
_MANY: Final = 30

Clock = Callable[[], int]  # nanoseconds


class Timing(NamedTuple):
    """Seconds of one call, and how many timings they come from."""

    least: float
    median: float
    timings: int


def clock_for(threads: int) -> Clock:
    """The process's own clock for one thread; several wait for each other, which only the wall clock sees."""
    return time.process_time_ns if threads == 1 else time.perf_counter_ns


def timed(call: Callable[[int], object], seconds: float, clock: Clock = time.perf_counter_ns) -> Timing:
    """Time `call(i)`, i counting up, for about so many seconds; three times at least, but at most thrice as long."""
    began = time.monotonic()
    once = float("inf")
    turn = 0
    while turn < _WARM_UP and time.monotonic() - began < max(seconds, _SHORTEST_S):
        before = clock()
        call(turn)
        once, turn = min(once, (clock() - before) * 1e-9), turn + 1
    together = min(max(round(_SHORTEST_S / max(once, 1e-9)), 1), _TOGETHER)
    found: list[float] = []
    while not found or len(found) < _MOST:
        spent = time.monotonic() - began
        if found and spent > seconds * (_FEWEST if len(found) < _FEWEST else 1):
            break
        before = clock()
        for step in range(turn, turn + together):
            call(step)
        found.append(max(clock() - before, 1) * 1e-9 / together)
        turn += together
        if len(found) % _MANY == 0 and _middle(found) < (1.0 + _SETTLED) * min(found):
            break
    return Timing(min(found), _middle(found), len(found))


def _middle(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]
