"""A trace of machines that come and are taken away, as lives of replicas, under three ways to live with it.

idea:    SpotServe chooses the configuration anew at every change, moves weights and caches while the notice lasts, and
         goes on token by token (`migrate`). Its baselines keep the pipelines that are whole and start others when there
         are machines enough (`reroute`), or start everything anew in the best configuration (`restart`), loading
         weights from storage and reading interrupted requests again.
source:  Miao et al., SpotServe, ASPLOS 2024; the baselines are those of its evaluation.
departs: where the shape stays, weights for a machine's new part are fetched while it is still served, and only caches
         stop a pipeline; tokens that a baseline has made are kept, and only their cache is computed again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from interlock.serving.engine import Engine, Group
from interlock.serving.lives import Event, Lives
from interlock.serving.spot.choice import Choice, Priced
from interlock.serving.spot.places import Floats, Shape, mapping, places


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Machines that come, or that are given notice, at a time."""

    time_s: float
    come: tuple[str, ...] = ()
    go: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Machines:
    """What a machine is, and what is moved between machines. `cache_bytes`: what a pipeline's requests hold."""

    chips: int
    network: float  # bytes a second
    storage: float
    grace_s: float
    weight_bytes: float
    cache_bytes: float

    def load_s(self, shape: Shape) -> float:
        """Every machine of a pipeline reads its part of the weights from storage, all at once."""
        return self.weight_bytes * min(self.chips / shape.chips, 1.0) / self.storage


@dataclass(slots=True, kw_only=True)
class _Fleet:
    """Pipelines of each shape, a replica each, and the events of their lives."""

    shapes: Sequence[Priced]
    slots: int
    events: list[Event] = field(default_factory=list)
    first: set[int] = field(default_factory=set)

    def replica(self, shape: Shape, slot: int) -> int:
        return self.slots * next(i for i, each in enumerate(self.shapes) if each.shape == shape) + slot

    def up(self, shape: Shape, slot: int, time_s: float, begin_s: float) -> None:
        p = self.replica(shape, slot)
        if time_s <= 0:
            self.first.add(p)
        else:
            self.events.append(Event(time_s=begin_s, replica=p, up=True, start_up_s=time_s - begin_s))

    def down(self, shape: Shape, slot: int, time_s: float, *, moved: bool) -> None:
        self.events.append(Event(time_s=time_s, replica=self.replica(shape, slot), up=False, moved=moved))

    def engine(self) -> Engine:
        groups = [Group(clock=each.clock, kv_tokens=each.kv_tokens, replicas=self.slots) for each in self.shapes]
        every = range(sum(group.replicas for group in groups))
        lives = Lives(events=tuple(self.events), down_at_first=tuple(set(every) - self.first))
        one = groups[0]
        return Engine(
            clock=one.clock, kv_tokens=one.kv_tokens, replicas=one.replicas, more=tuple(groups[1:]), lives=lives
        )


Chooser = Callable[[int], Choice | None]  # for so many chips


def migrate(changes: Sequence[Change], shapes: Sequence[Priced], chooser: Chooser, on: Machines) -> Engine:
    """SpotServe."""
    fleet = _Fleet(shapes=shapes, slots=_most(changes, shapes, on))
    here: list[str] = []
    held: dict[str, Floats] = {}
    now: Choice | None = None
    ready = 0.0
    for change in changes:
        here = [name for name in here if name not in change.go] + list(change.come)
        then = chooser(len(here) * on.chips)
        end = change.time_s + (on.grace_s if change.go else 0.0)
        if then is None:
            _all(fleet, now, max(end, ready), moved=False)
            now, held = None, {}
            continue
        shape = then.priced.shape
        new = places(shape, then.pipelines)
        machine, missing = mapping([held.get(name) for name in here], new, on.chips, on.weight_bytes, on.cache_bytes)
        blocks = new.reshape(-1, on.chips, 5)
        spent = float(missing.max()) / on.network
        if now is None:
            start = change.time_s + (0.0 if change.time_s == 0 else on.load_s(shape))
            for slot in range(then.pipelines):
                fleet.up(shape, slot, start, change.time_s)
        elif now.priced.shape == shape:
            for slot in range(then.pipelines, now.pipelines):
                fleet.down(shape, slot, max(end, ready), moved=True)
            for slot in range(now.pipelines, then.pipelines):
                fleet.up(shape, slot, max(change.time_s, ready) + spent, change.time_s)
            for slot in range(min(now.pipelines, then.pipelines)):
                if any(missing[i] > 0 for i in range(len(blocks)) if blocks[i, 0, 0] == slot):
                    stop = on.cache_bytes * min(on.chips / shape.chips, 1.0) / on.network
                    begin = max(end - stop, ready)
                    fleet.down(shape, slot, begin, moved=True)
                    fleet.up(shape, slot, begin + stop, begin)
        else:
            begin = max(end - spent, change.time_s, ready)
            _all(fleet, now, begin, moved=True)
            for slot in range(then.pipelines):
                fleet.up(shape, slot, begin + spent, begin)
            ready = begin + spent
        now = then
        held = {here[m]: blocks[i] for i, m in enumerate(machine)}
    return fleet.engine()


def restart(changes: Sequence[Change], shapes: Sequence[Priced], chooser: Chooser, on: Machines) -> Engine:
    """Reparallelization without migration: everything stops and loads again."""
    fleet = _Fleet(shapes=shapes, slots=_most(changes, shapes, on))
    machines, ready = 0, 0.0
    now: Choice | None = None
    for change in changes:
        machines += len(change.come) - len(change.go)
        then = chooser(machines * on.chips)
        if then == now and not change.go:
            continue
        end = max(change.time_s + (on.grace_s if change.go else 0.0), ready)
        _all(fleet, now, end, moved=False)
        if then is not None:
            start = end + (on.load_s(then.priced.shape) if end > 0 else 0.0)
            for slot in range(then.pipelines):
                fleet.up(then.priced.shape, slot, start, end)
            ready = start
        now = then
    return fleet.engine()


def reroute(changes: Sequence[Change], shapes: Sequence[Priced], chooser: Chooser, on: Machines) -> Engine:
    """Pipelines of the first configuration, as many as there are machines for."""
    fleet = _Fleet(shapes=shapes, slots=_most(changes, shapes, on))
    first = chooser(len(changes[0].come) * on.chips)
    if first is None:
        return fleet.engine()
    shape = first.priced.shape
    size = -(-shape.chips // on.chips)
    spare: list[str] = []
    running: dict[int, list[str]] = {}
    free = [0.0] * fleet.slots  # when a slot may be used again
    for change in changes:
        spare = [name for name in spare if name not in change.go] + list(change.come)
        end = change.time_s + (on.grace_s if change.go else 0.0)
        for slot, crew in list(running.items()):
            if set(crew) & set(change.go):
                fleet.down(shape, slot, end, moved=False)
                spare += [name for name in crew if name not in change.go]
                free[slot] = end
                del running[slot]
        while len(spare) >= size:
            slot = min((s for s in range(fleet.slots) if s not in running), key=lambda s: (free[s] > change.time_s, s))
            running[slot], spare = spare[:size], spare[size:]
            begin = max(end, free[slot])
            fleet.up(shape, slot, begin + (on.load_s(shape) if begin > 0 else 0.0), begin)
    return fleet.engine()


def _all(fleet: _Fleet, now: Choice | None, time_s: float, *, moved: bool) -> None:
    for slot in range(now.pipelines if now is not None else 0):
        if now is not None:
            fleet.down(now.priced.shape, slot, time_s, moved=moved)


def _most(changes: Sequence[Change], shapes: Sequence[Priced], on: Machines) -> int:
    """Pipelines that there can be at most, of the smallest shape, and room to start one before another is gone."""
    count = most = 0
    for change in changes:
        count += len(change.come)
        most = max(most, count)
        count -= len(change.go)
    return 1 + max(most * on.chips // each.shape.chips for each in shapes)
