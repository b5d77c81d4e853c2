"""The time and energy of one engine step: lower, place, price, add up."""

from __future__ import annotations

from dataclasses import dataclass

from interlock.cost import Chips, OperatorTime, operator_energy, operator_time
from interlock.models import Formats, Model, Step, lower
from interlock.operators import Array, Operator
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
    """Seconds from entering the first stage to leaving the last, and dynamic joules of the chips it passes."""

    operators: tuple[PricedOperator, ...]
    time: Array
    energy: Array


def price_step(
    model: Model, step: Step, formats: Formats, parallelism: Parallelism, chips: Chips, *, skew: float = 0.0
) -> StepCost:
    """Price one step for every candidate at once.

    Arguments broadcast against each other: give each axis of the search its own dimension, and an operator is priced
    only over the axes it depends on. Every layer runs on one stage, so pipeline stages change neither the sum of times
    nor, but for the transfers between them, the energy.
    """
    boundary = step.tokens * model.main.width * formats.wide
    placed = place(lower(model, step, formats, skew=skew), parallelism, boundary)
    priced: list[PricedOperator] = []
    time: Array = 0.0
    energy: Array = 0.0
    for operator in placed:
        spent = operator_time(operator, chips)
        item = PricedOperator(operator=operator, time=spent, energy=operator_energy(operator, spent, chips))
        priced.append(item)
        time = time + item.total_time
        energy = energy + item.total_energy
    return StepCost(operators=tuple(priced), time=time, energy=energy * parallelism.tensor)
