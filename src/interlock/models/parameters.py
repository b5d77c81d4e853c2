"""Counting parameters: all of them, those one token passes through, and by tensor class."""

from __future__ import annotations

from dataclasses import dataclass

from interlock.models.model import Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """Parameter counts of a model. `active`: what one token's forward pass multiplies with or looks up from."""

    total: int
    active: int
    by_class: dict[str, int]


def count_parameters(model: Model) -> Parameters:
    """Exact counts from the description; tied weights count once."""
    by_class: dict[str, int] = {}
    active = 0.0
    for weight, repeats in model.weights():
        elements = weight.elements * repeats
        by_class[weight.group] = by_class.get(weight.group, 0) + elements
        active += elements * weight.used
    return Parameters(total=sum(by_class.values()), active=round(active), by_class=by_class)
