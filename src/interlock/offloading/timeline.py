"""Tasks on streams, event by event: the reference that closed forms of overlapped schedules are held against.

idea:  a stream (arithmetic, one direction of a link, one of storage) runs its tasks in the order in which they were
       given, each when the stream is free and all tasks that it waits for have ended.
keeps: no task starts before its stream and its inputs are ready; a stream is never idle while its next task is ready.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Seconds on a stream, after the tasks with these numbers."""

    stream: str
    seconds: float
    after: tuple[int, ...] = ()
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """When each task starts and ends."""

    starts: tuple[float, ...]
    ends: tuple[float, ...]

    @property
    def makespan(self) -> float:
        """When the last task ends."""
        return max(self.ends, default=0.0)


def run_tasks(tasks: Sequence[Task]) -> Timeline:
    """Run tasks; a task may wait only for ones that a first-in-first-out order of its streams lets end.

    Raises:
        ValueError: tasks wait for each other in a circle.
    """
    queues: dict[str, list[int]] = {}
    for number, task in enumerate(tasks):
        queues.setdefault(task.stream, []).append(number)
    waiting = [len(task.after) for task in tasks]
    followers: list[list[int]] = [[] for _ in tasks]
    for number, task in enumerate(tasks):
        for other in task.after:
            followers[other].append(number)
    heads, busy = dict.fromkeys(queues, 0), dict.fromkeys(queues, False)
    starts, ends = [0.0] * len(tasks), [0.0] * len(tasks)
    events: list[tuple[float, int]] = []

    def begin(stream: str, now: float) -> None:
        place = heads[stream]
        if busy[stream] or place == len(queues[stream]) or waiting[queues[stream][place]]:
            return
        number = queues[stream][place]
        heads[stream], busy[stream] = place + 1, True
        starts[number], ends[number] = now, now + tasks[number].seconds
        heapq.heappush(events, (ends[number], number))

    for stream in queues:
        begin(stream, 0.0)
    done = 0
    while events:
        now, number = heapq.heappop(events)
        done += 1
        busy[tasks[number].stream] = False
        for follower in followers[number]:
            waiting[follower] -= 1
        for stream in {tasks[number].stream, *(tasks[follower].stream for follower in followers[number])}:
            begin(stream, now)
    if done < len(tasks):
        raise ValueError("tasks wait for each other in a circle")
    return Timeline(starts=tuple(starts), ends=tuple(ends))
