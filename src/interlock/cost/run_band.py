"""90 % bands of whole requests: how far measured runs of a stack lay from what was predicted of them.

idea:    ends are ratios of measured over predicted, by what a prediction stands on, by stack and quantity. A quantity
         that nobody measured on other chips than the fitted ones takes the wider of its own band there and of another
         quantity's on other chips.
source:  `data/cost/run_bands.toml`; `validation/run_bands.py` makes it anew.
"""

from __future__ import annotations

from typing import Final

from interlock.cost.parameters import table
from interlock.cost.stack import Stack

FITTED, OTHER_CHIP = "fitted", "other chip"
ANY: Final = "any"  # all stacks together
_MEASURED_ELSEWHERE: Final = "request-latency"
Ends = tuple[float, float]


def ends_of(basis: str, stack: str, quantity: str) -> Ends | None:
    """The ends for a stack, or for all of them where it has none of its own; no surer on chips not fitted."""
    of_stacks = table("run_bands").get(basis, {})
    found = of_stacks.get(stack, {}).get(quantity) or of_stacks.get(ANY, {}).get(quantity)
    if found is None:
        return None
    within = ends_of(FITTED, stack, quantity) if basis == OTHER_CHIP else None
    low, high = float(found[0]), float(found[1])
    return (low, high) if within is None else (min(low, within[0]), max(high, within[1]))


def run_ends(stack: Stack, chip: str, quantity: str) -> Ends | None:
    """The ends for a request of a stack on a chip; None for a stack of which no run was fitted.

    They hold the prediction itself.
    """
    if not stack.chips:
        return None
    if chip in stack.chips:
        parts = [ends_of(FITTED, stack.name, quantity)]
    elif (found := ends_of(OTHER_CHIP, stack.name, quantity)) is not None:
        parts = [found]
    else:
        parts = [ends_of(FITTED, stack.name, quantity), ends_of(OTHER_CHIP, stack.name, _MEASURED_ELSEWHERE)]
    known = [part for part in parts if part is not None]
    return (min(1.0, *(part[0] for part in known)), max(1.0, *(part[1] for part in known))) if known else None
