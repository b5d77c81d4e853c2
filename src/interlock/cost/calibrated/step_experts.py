"""The routed experts of a step, priced by calibration: both grouped products and what lies between, as one kernel.

idea:    the measured time is shared out as first principles divide it; formats that were not measured take the time of
         the nearest ones, changed as first principles say. So do choices more uneven than any that were measured.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from interlock.cost.calibrated.experts import experts_seconds
from interlock.cost.calibrated.step_times import StepTimes
from interlock.cost.chips import Chips
from interlock.cost.operator_time import operator_time
from interlock.errors import UnsupportedError
from interlock.models.routing import active_experts, busiest_share
from interlock.operators import COMPUTE_FORMATS, Operator, compute_code

# operand, most bytes of a stored weight: formats of weights and activations, their bytes and operand
_NEAREST: Final = {
    "bf16": ((1.5, "int4-g128", "bf16", 0.53), (np.inf, "bf16", "bf16", 2.0)),
    "fp8": ((0.75, "int4-g128", "fp8", 0.53), (np.inf, "fp8", "fp8", 1.0)),
    "fp4": ((np.inf, "nvfp4", "nvfp4", 0.5625),),
}
_MOST_SKEW: Final = 1.0  # about the most uneven choices of the tables


def price_experts(operators: Sequence[Operator], found: StepTimes, chips: Chips) -> None:
    """Put the times of all layers of experts that a calibration can price."""
    for places in _layers(operators):
        _put([operators[place] for place in places], places, found, chips)


def _layers(operators: Sequence[Operator]) -> Iterator[tuple[int, ...]]:
    """Places from the first grouped product of a layer to its second."""
    start = None
    for index, o in enumerate(operators):
        if o.routing is None:
            continue
        if start is None:
            start = index
        else:
            yield tuple(range(start, index + 1))
            start = None


def _put(layer: Sequence[Operator], places: Sequence[int], found: StepTimes, chips: Chips) -> None:
    first, r = layer[0], layer[0].routing
    assert r is not None
    assert chips.calibrated_on is not None
    each = np.asarray(first.n, dtype=float) * first.k * first.batch
    with np.errstate(divide="ignore", invalid="ignore"):
        stored = first.weight_bytes / each
    columns = np.broadcast_arrays(r.tokens, r.expert, r.tensor, first.compute, stored)
    tokens, expert, tensor, operand, width = (np.asarray(column, dtype=float) for column in columns)
    plain = [np.asarray(operator_time(o, chips).time) for o in layer]
    total = np.sum(np.broadcast_arrays(*plain), axis=0)
    for code in np.unique(operand):
        least = 0.0
        name = COMPUTE_FORMATS[int(code)]
        for most, weights, activations, bytes_each in _NEAREST.get(name, _NEAREST["bf16"]):
            mask = (operand == code) & (width > least) & (width <= most) & (tokens > 0)
            least = most
            if not mask.any():
                continue
            try:
                time = experts_seconds(
                    chips.calibrated_on,
                    chips.stack,
                    tokens=tokens[mask],
                    hidden=r.hidden,
                    intermediate=r.intermediate,
                    experts=float(r.experts),
                    top_k=float(r.top_k),
                    tensor=tensor[mask],
                    expert=expert[mask],
                    skew=min(r.skew, _MOST_SKEW),
                    gated=float(r.gated),
                    weight_format=weights,
                    activation_format=activations,
                    block_scales=weights == "fp8",  # as checkpoints of such models have them
                )
            except UnsupportedError:
                continue
            change = _change(layer, total, bytes_each / width, activations, chips)
            for place, own in zip(places, plain, strict=True):
                found.put(place, time.spread(mask), change * own / np.where(total > 0, total, 1.0), mask)


def _change(layer: Sequence[Operator], total: Any, wider: Any, activations: str, chips: Chips) -> Any:
    """First-principles seconds of the layer over those with the weights and operands of the nearest formats."""
    operand = float(compute_code({"nvfp4": "fp4"}.get(activations, activations)))
    r = layer[0].routing
    assert r is not None
    near = [
        replace(_evened(o), weight_bytes=_evened(o).weight_bytes * wider, compute=operand)
        if o.routing is not None
        else o
        for o in layer
    ]
    theirs = np.sum(np.broadcast_arrays(*(np.asarray(operator_time(o, chips).time) for o in near)), axis=0)
    change = total / np.where(theirs > 0, theirs, 1.0)
    return change if r.skew > _MOST_SKEW else np.where(np.abs(wider - 1.0) < 0.1, 1.0, change)


def _evened(o: Operator) -> Operator:
    """A grouped product with choices as uneven as the tables have them at most."""
    r = o.routing
    if r is None or r.skew <= _MOST_SKEW:
        return o
    busy = active_experts(r.experts, r.top_k, _MOST_SKEW, r.tokens)
    more = busy / np.where(np.asarray(o.batch) > 0, o.batch * r.expert, 1.0)
    return replace(
        o,
        batch=o.batch * more,
        m=o.m / more,
        weight_bytes=o.weight_bytes * more,
        load=busiest_share(r.experts, r.top_k, _MOST_SKEW, r.expert),
    )
