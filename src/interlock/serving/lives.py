"""When replicas come up and go down: events that are given, drawn from failure rates, or read from a trace.

idea:    an event is a replica that comes up (it serves once its weights have been loaded) or goes down: at once (a
         failure), after a grace period in which it takes nothing new (a preemption with notice), or when it is empty
         (a shutdown that drains it: grace without end). `moved` says that caches were moved before it went.
keeps:   the same seed draws the same failures, however long the run turns out to be: each replica has its own stream.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interlock.errors import InputError
from interlock.serving.core.lives import BOUGHT, DOWN, MOVED, TOLD, UP
from interlock.serving.core.state import NEVER

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One replica, up or down. Going down, `grace_s` after `time_s`; `start_up_s` counts only for coming up."""

    time_s: float
    replica: int
    up: bool
    grace_s: float = 0.0
    start_up_s: float = 0.0
    moved: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """What the core reads, in order of time."""

    at_s: Floats
    replica: NDArray[np.int64]
    kind: NDArray[np.int64]

    def __len__(self) -> int:
        return self.at_s.size

    @property
    def first_s(self) -> float:
        """When the first one is."""
        return float(self.at_s[0]) if len(self) else NEVER


@dataclass(frozen=True, slots=True, kw_only=True)
class Lives:
    """Events of all replicas; `down_at_first` are those that are not there at the beginning."""

    events: tuple[Event, ...] = field(default=(), repr=False)
    down_at_first: tuple[int, ...] = ()

    def up_at_first(self, replicas: int) -> NDArray[np.bool_]:
        """Who is up when the first request comes."""
        return ~np.isin(np.arange(replicas), self.down_at_first)

    def events_of(self, replicas: int) -> Columns:
        """Columns for the core; a start that is overtaken by going down does not happen.

        Raises:
            InputError: an event before 0, of a replica that there is not, or with a negative delay.
        """
        rows: list[tuple[float, int, int]] = []
        coming: dict[int, int] = {}
        gone: dict[int, float] = {}
        for event in sorted(self.events, key=lambda event: event.time_s):
            p = event.replica
            if not (0 <= p < replicas and event.time_s >= 0 and event.grace_s >= 0 and event.start_up_s >= 0):
                accepted = f"replicas 0 to {replicas - 1}, times of 0 or more"
                raise InputError("--faults", f"replica {p} at {event.time_s:g} s", accepted)
            if event.up:
                coming[p] = len(rows) + 1
                begin = max(event.time_s, gone.get(p, 0.0))  # the one before is first given up
                rows += [(begin, p, BOUGHT), (max(begin, event.time_s + event.start_up_s), p, UP)]
                continue
            ends = event.time_s + event.grace_s
            if p in coming and rows[coming[p]][0] > event.time_s:
                rows[coming.pop(p)] = (NEVER, p, UP)
            if event.grace_s > 0:
                rows.append((event.time_s, p, TOLD))
            if ends < NEVER:
                gone[p] = ends
                rows.append((ends, p, MOVED if event.moved else DOWN))
        kept = sorted((row for row in rows if row[0] < NEVER), key=lambda row: row[0])
        return Columns(
            at_s=np.asarray([row[0] for row in kept], dtype=float),
            replica=np.asarray([row[1] for row in kept], dtype=np.int64),
            kind=np.asarray([row[2] for row in kept], dtype=np.int64),
        )


ALWAYS: Final = Lives()


def failures(
    replicas: int, until_s: float, *, mtbf_s: float, mttr_s: float, seed: int = 0, start_up_s: float = 0.0
) -> Lives:
    """Failures and repairs, both exponential, each replica by itself.

    Args:
        replicas: how many.
        until_s: failures up to then are drawn; the last repair may be later.
        mtbf_s: mean time up between failures.
        mttr_s: mean time to repair, before weights are loaded again.
        seed: of the draws.
        start_up_s: for loading weights.
    """
    events: list[Event] = []
    for p in range(replicas):
        rng, now = np.random.default_rng([seed, p]), 0.0
        while (now := now + float(rng.exponential(mtbf_s))) < until_s:
            events.append(Event(time_s=now, replica=p, up=False))
            now += float(rng.exponential(mttr_s))
            events.append(Event(time_s=now, replica=p, up=True, start_up_s=start_up_s))
            now += start_up_s
    return Lives(events=tuple(events))


def availability(
    times_s: Sequence[float], counts: Sequence[int], replicas: int, *, grace_s: float = 0.0, start_up_s: float = 0.0
) -> Lives:
    """How many replicas there are, from each time on; the newest goes first, as do the numbers from the top.

    Raises:
        InputError: times that run backwards, more replicas than there are, or none in the beginning of time.
    """
    if not len(times_s) or len(times_s) != len(counts) or times_s[0] != 0 or np.any(np.diff(times_s) <= 0):
        raise InputError("--availability", "times that do not increase from 0", "a row time_s,replicas for each change")
    if min(counts) < 0 or max(counts) > replicas:
        raise InputError("--availability", f"{max(counts)} replicas", f"0 to {replicas} (--replicas)")
    events: list[Event] = []
    for time_s, before, after in zip(times_s[1:], counts, counts[1:], strict=False):
        gone, come = range(after, before), range(before, after)
        events += [Event(time_s=time_s, replica=p, up=False, grace_s=grace_s) for p in gone]
        events += [Event(time_s=time_s, replica=p, up=True, start_up_s=start_up_s) for p in come]
    return Lives(events=tuple(events), down_at_first=tuple(range(counts[0], replicas)))


def widened(lives: Lives, stages: int) -> Lives:
    """The same with every replica as `stages` lanes that go together."""
    if stages == 1:
        return lives
    return Lives(
        events=tuple(
            replace(event, replica=event.replica * stages + i) for event in lives.events for i in range(stages)
        ),
        down_at_first=tuple(p * stages + i for p in lives.down_at_first for i in range(stages)),
    )
