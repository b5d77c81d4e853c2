"""The operators of one engine step on a chip that was measured, or on one like those that were: times with bands.

idea:    a family of operators takes its times from its calibration, all operators of the step in one call; what no
         calibration covers keeps its first-principles time, with the band that such times have.
keeps:   a chip with one thing changed (`Chips.reference`) scales calibrated times as first principles change, so that
         better hardware is never slower.
departs: a kernel that takes in the next one (a query product and the one for keys and values) is priced as one
         product; its time is shared out by output columns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, Final

import numpy as np

from interlock.cost.bands import corrected
from interlock.cost.calibrated.coefficients import coefficients
from interlock.cost.calibrated.own import own_calibration
from interlock.cost.calibrated.step_attention import price_attention
from interlock.cost.calibrated.step_collectives import price_collectives
from interlock.cost.calibrated.step_experts import price_experts
from interlock.cost.calibrated.step_products import price_products
from interlock.cost.calibrated.step_times import StepTimes
from interlock.cost.chips import Chips
from interlock.cost.operator_time import OperatorTime, operator_time
from interlock.hardware import chip as find
from interlock.operators import Operator

_FAMILIES: Final[tuple[Callable[[Sequence[Operator], StepTimes, Chips], None], ...]] = (
    price_products,
    price_attention,
    price_experts,
    price_collectives,
)


def calibrate_step(operators: Sequence[Operator], chips: Chips) -> list[OperatorTime]:
    """Times of a step's operators, with bands; `chips` says on which chip they are calibrated."""
    chip = chips.calibrated_on
    assert chip is not None
    here = [operator_time(o, chips) for o in operators]
    reference = chips if chips.reference is None else chips.reference
    there = here if reference is chips else [operator_time(o, reference) for o in operators]
    found = StepTimes(len(operators))
    if chip.vendor in _vendors():  # what kernels reach is a matter of the vendor's libraries
        for price in _FAMILIES:
            price(operators, found, reference)
    elif own_calibration(chip.id) is not None:
        price_products(operators, found, reference)
    times = []
    for index, (o, ours, theirs) in enumerate(zip(operators, here, there, strict=True)):
        seconds, low, high = found.of(index)
        change = 1.0 if theirs is ours else _ratio(ours, theirs)
        otherwise, below, above = corrected(o, ours.time, chip)
        known = np.isfinite(seconds) & np.isfinite(otherwise)  # an engine that lacks a format has no time in it
        times.append(
            replace(
                ours,
                kernel=np.where(known, seconds * change, otherwise),
                low=np.where(known, low * change, below),
                high=np.where(known, high * change, above),
                basis=found.basis[index],
            )
        )
    return times


@cache
def _vendors() -> frozenset[str]:
    """Whose chips were measured."""
    return frozenset(find(key[0]).vendor for key in coefficients("gemm", "wide").sets)


def _ratio(ours: OperatorTime, theirs: OperatorTime) -> Any:
    before = np.asarray(theirs.time)
    return np.asarray(ours.time) / np.where(before > 0, before, 1.0)
