"""The process that measures, apart from the one that asks: its libraries start with the number of threads asked for.

idea: a request as JSON on standard input; a line of JSON on standard output for each finished task, after one that says
      how many there are. Threads are a matter of the environment that libraries read when they load.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any, Final

from interlock.measure.engine import ELEMENT_BYTES, Engine, engine
from interlock.measure.tasks import Task, tasks
from interlock.measure.timing import Clock, clock_for, timed

_PROBE: Final = Task(kind="product", format="fp32", m=256, n=256, k=256)
_SECONDS_A_TASK: Final = 0.15
_TASKS: Final = (40, 160)  # at least, at most
_OVER: Final = 0.5  # share of the budget that may be spent beyond it
_SHARE: Final = 0.3  # of a task's time that one call may take


def answer(request: dict[str, Any]) -> None:
    """Measure as requested, and print as it goes."""
    began = time.monotonic()
    here = engine(request["engine"], int(request["buffer_bytes"]), int(request["threads"]))
    if request.get("model"):
        from interlock.measure.decoding import decode_rate

        say({"about": here.about(), "tasks": 1})
        say(decode_rate(request["model"], float(request["seconds"]), int(request["seed"])))
        return
    seconds = float(request["seconds"])
    count = int(min(max(seconds / _SECONDS_A_TASK, _TASKS[0]), _TASKS[1]))
    clock = clock_for(here.threads)
    probe = timed(here.call(_PROBE), min(0.05, seconds / count), clock).least
    rate = 2.0 * _PROBE.m * _PROBE.n * _PROBE.k / probe
    todo = tasks(
        here.formats,
        count,
        largest_flop=max(rate * seconds / count * _SHARE, 2.0 * 64**3),
        beyond_bytes=request["buffer_bytes"] / 2.0,
        seed=int(request["seed"]),
        element_bytes=ELEMENT_BYTES,
    )
    say({"about": here.about(), "tasks": len(todo)})
    for place, task in enumerate(todo):
        left = seconds - (time.monotonic() - began)
        if left < -_OVER * seconds and place >= _TASKS[0]:
            break  # a busy machine: what is measured by now must do
        say(_measured(here, task, max(left / (len(todo) - place), 0.0), clock))


def _measured(here: Engine, task: Task, seconds: float, clock: Clock) -> dict[str, Any]:
    found = timed(here.call(task), seconds, clock)
    return {**task.record(), "least": found.least, "median": found.median, "count": found.timings}


def say(record: dict[str, Any]) -> None:
    """One line."""
    print(json.dumps(record), flush=True)


if __name__ == "__main__":
    answer(json.load(sys.stdin))
