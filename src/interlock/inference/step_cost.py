"""The time and energy of one engine step: lower, place, price, add up.

idea: errors of one family of operators have one cause, so their deviations add up; families err independently, so
      theirs add as squares.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from interlock.cost import Chips, OperatorTime, held_energy, operator_time
from interlock.cost.bands import family_of
from interlock.cost.calibrated.step import calibrate_step
from interlock.cost.stack import Work
from interlock.cost.stacked import fuse, run, waited, work_of
from interlock.evidence import Evidence
from interlock.models import Formats, Model, Step, lower
from interlock.operators import Array, Kind, Operator
from interlock.parallel import Parallelism, place


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedOperator:
    """An operator as one chip runs it, and the price of one run."""

    operator: Operator
    time: OperatorTime
    energy: Array

    @property
    def total_time(self) -> Array:
        """Seconds over all repeats in the step."""
        return self.time.time * self.operator.count

    @property
    def total_energy(self) -> Array:
        """Dynamic joules over all repeats, on one chip of the group."""
        return self.energy * self.operator.count


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCost:
    """Seconds from entering the first stage to leaving the last, and dynamic joules of the chips it passes.

    `work` is what the numbers of a serving stack multiply; None without a stack.
    """

    operators: tuple[PricedOperator, ...]
    time: Array
    energy: Array
    low: Array  # ends of a 90 % band of `time`; nan where chips are priced without one
    high: Array
    work: Work | None = None

    @property
    def bases(self) -> dict[str, str]:
        """For each family of operators that takes time, what its seconds stand on."""
        found: dict[str, str] = {}
        for item in self.operators:
            if item.operator.kind is not Kind.HOST and np.any(np.asarray(item.total_time) > 0):
                found[family_of(item.operator)] = item.time.basis or Evidence.FIRST_PRINCIPLES
        return found


def price_step(
    model: Model, step: Step, formats: Formats, parallelism: Parallelism, chips: Chips, *, skew: float = 0.0
) -> StepCost:
    """Price one step for every candidate at once.

    Arguments broadcast against each other: give each axis of the search its own dimension, and an operator is priced
    only over the axes it depends on. Every layer runs on one stage, so pipeline stages change neither the sum of the
    kernels' times nor, but for the transfers between them, the energy.
    """
    boundary = step.tokens * model.main.width * formats.wide
    placed = place(lower(model, step, formats, skew=skew), parallelism, boundary)
    if chips.calibrated_on is None:
        times = [operator_time(operator, chips) for operator in placed]
    else:
        times = calibrate_step(placed, chips)
    work = None
    pairs = list(zip(placed, times, strict=True))
    if chips.runs is not None:
        times = fuse(chips.runs, placed, times)
        bare = work_of(placed, times, parallelism.pipeline, float(model.vocabulary))
        pairs = run(chips.runs, placed, times, bare)
        work = waited(chips.runs, bare)
    priced: list[PricedOperator] = []
    time: Array = 0.0
    energy: Array = 0.0
    for operator, spent in pairs:
        item = PricedOperator(operator=operator, time=spent, energy=held_energy(operator, spent, chips))
        priced.append(item)
        time = time + item.total_time
        energy = energy + item.total_energy
    low, high = band_of(priced, time)
    return StepCost(
        operators=tuple(priced), time=time, energy=energy * parallelism.tensor, low=low, high=high, work=work
    )


def band_of(priced: Iterable[PricedOperator], time: Array) -> tuple[Array, Array]:
    """Ends of the 90 % band of what some operators take together; nan where one of them has none."""
    below: dict[str, Array] = {}
    above: dict[str, Array] = {}
    for item in priced:
        spent, family = item.time, family_of(item.operator)
        if spent.low is None or spent.high is None:
            return np.nan, np.nan
        below[family] = below.get(family, 0.0) + (spent.time - spent.low) * item.operator.count
        above[family] = above.get(family, 0.0) + (spent.high - spent.time) * item.operator.count
    squares_below: Array = sum((value**2 for value in below.values()), np.asarray(0.0))
    squares_above: Array = sum((value**2 for value in above.values()), np.asarray(0.0))
    return time - np.sqrt(squares_below), time + np.sqrt(squares_above)
