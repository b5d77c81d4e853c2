"""A step clock with what a serving stack adds: its pace, its own time in a step, for a row of logits, a collective.

keeps: the terms of `validation.requests.stack`, whose coefficients this takes as they are.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from interlock.serving.clock import StepClock
from interlock.serving.core.tables import ATTEND, FILL, HEAD, LINEAR, SIZE
from interlock.validation.requests.stack import Stack


def stacked(clock: StepClock, stack: Stack, *, collectives: float, vocabulary: float) -> StepClock:
    """The clock of a chip, run by a stack.

    Args:
        clock: of the chips alone.
        stack: what it adds.
        collectives: in one step.
        vocabulary: logits of a sequence.
    """
    made = clock.seconds.copy()
    for part in (LINEAR, HEAD, ATTEND, FILL):
        made[_area(made, part)] /= stack.pace_ratio
    made[_area(made, LINEAR)] += stack.step_s + collectives * stack.collective_s
    rows = np.arange(_area(made, HEAD).stop - _area(made, HEAD).start)
    made[_area(made, HEAD)] += rows * (stack.sequence_s + vocabulary * stack.logit_s)
    return replace(clock, seconds=made)


def _area(tables: np.ndarray, part: int) -> slice:
    at, size = int(tables[part]), int(tables[SIZE + part])
    return slice(at, at + size)
