"""The zig-zag block schedule as tasks, slot by slot, for the event-by-event reference.

source:  Sheng et al. 2023, FlexGen, the block schedule with overlapping (its first algorithm).
idea:    in the slot of (step, layer, batch) five things run at once: arithmetic of this batch, a part of the next
         layer's weights and the next batch's cache coming in, the last batch's cache going out, and storage one slot
         further ahead.
keeps:   with `synchronized`, slots end together, as the paper's do; without, streams wait for their inputs alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from interlock.offloading.block import STREAMS, Block, Row
from interlock.offloading.timeline import Task, Timeline, run_tasks


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
    """Seconds of one slot by stream, in the order of `STREAMS`, for each step (the first is the prefill)."""

    layers: int
    batches: int
    steps: Sequence[Row]


def slots_of(block: Block, shares: Row, output: int) -> Slots:
    """A block's slots: each stream's seconds of a layer, shared evenly by its batches."""
    first, again = block.prefill.at(shares) / block.batches, block.decode.at(shares) / block.batches
    return Slots(layers=block.layers, batches=block.batches, steps=[first, *[again] * (output - 1)])


def closed_form(slots: Slots) -> float:
    """Seconds between the fill and the drain: every slot as long as its slowest stream."""
    return slots.layers * slots.batches * float(sum(np.max(step) for step in slots.steps))


def run_schedule(slots: Slots, *, synchronized: bool = True) -> Timeline:
    """The schedule, event by event; what comes in before the first slot and goes out after the last is left out."""
    tasks: list[Task] = []
    last: dict[str, int] = {}
    barrier: tuple[int, ...] = ()
    for step in slots.steps:
        for _ in range(slots.layers * slots.batches):
            # a slot's arithmetic needs what came in during the slot before; what goes out was computed then
            before = dict(last)
            now: list[int] = []
            for stream, seconds in zip(STREAMS, step, strict=True):
                after = barrier if synchronized else _inputs(stream, before)
                tasks.append(Task(stream=stream, seconds=float(seconds), after=after))
                last[stream] = len(tasks) - 1
                now.append(last[stream])
            barrier = tuple(now)
    return run_tasks(tasks)


def _inputs(stream: str, before: dict[str, int]) -> tuple[int, ...]:
    """What a stream's task of this slot waits for: tasks of the slot before, two buffers deep."""
    needs = {
        "compute": ("to device",),
        "to device": ("storage read", "compute"),
        "to host": ("compute",),
        "storage write": ("to host",),
        "storage read": ("to device",),
    }
    return tuple(before[other] for other in needs[stream] if other in before)
