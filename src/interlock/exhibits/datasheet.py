"""A chip against its own datasheet: clocks times widths, bounds of decoding, and what a document prints otherwise.

symbols: decoding at batch 1 reads every weight once a token, so bandwidth over weight bytes bounds tokens a second.
"""

from __future__ import annotations

import math

from interlock import api
from interlock.exhibits.base import Figure, Reproduction, below
from interlock.exhibits.facts import fact
from interlock.exhibits.model_size import weights_bytes
from interlock.hardware import Engine, chip


def bandwidth(name: str) -> float:
    """Bytes a second of a chip's main memory."""
    return _known(chip(name).main.bandwidth)


def capacity(name: str) -> float:
    """Bytes of a chip's main memory."""
    return _known(chip(name).main.capacity)


def peak(name: str, compute_format: str) -> float:
    """Dense FLOP/s of a chip."""
    return _known(chip(name).peak(compute_format))


def engine(name: str) -> Engine:
    """The matrix engine of a chip, or its only one."""
    engines = chip(name).engines
    return engines.get("matrix") or next(iter(engines.values()))


def clocked(name: str, flop_per_clock: float) -> float:
    """FLOP/s from cores, clock and the FLOP of a core in each clock."""
    found = engine(name)
    return _known(found.cores) * _known(found.clock) * flop_per_clock


def decode_bound(model: str, name: str, *, chips: int = 1, weight: str = "fp16") -> float:
    """Tokens a second that no software can exceed at batch 1 without speculation."""
    return chips * bandwidth(name) / weights_bytes(model, weight)


def chips_to_hold(amount: float, name: str) -> int:
    """The fewest chips whose memories hold so many bytes."""
    return math.ceil(amount / capacity(name))


def decode_rate(model: str, name: str, *, chips: int = 1, weight: str = "fp16", stages: int = 1) -> float:
    """Tokens a second of one sequence as Interlock predicts them, with next to no context; decode steps only."""
    e = api.estimate(
        model,
        name,
        tensor_parallel_size=chips // stages,
        pipeline_parallel_size=stages,
        weight_format=weight,
        prompt=1,
        output=1,
        stack="ideal",
    )
    assert e.service.decode is not None
    return float(1.0 / e.service.decode.time)


def roofline(model: str, name: str, *, chips: int = 1, weight: str = "fp16", stages: int = 1) -> Figure:
    """The predicted rate of one sequence, which must stay under the bound of the memory."""
    bound = decode_bound(model, name, chips=chips // stages, weight=weight)
    rate = decode_rate(model, name, chips=chips, weight=weight, stages=stages)
    what = f"predicted decoding of {model} ({weight}) on {chips} x {name}, below the bandwidth bound"
    return below(what, bound, rate, "token/s")


def measured(name: str, bound: float) -> Figure:
    """A published rate, which must stay under its bound."""
    found = fact(name)
    return below(f"{found.what}, below the bandwidth bound", bound, found.value, found.unit, found.source.ref)


def chip_exhibit(
    name: str, *figures: Figure, model: str = "llama-2-7b", weight: str = "fp16", chips: int = 1, stages: int = 1
) -> Reproduction:
    """Figures of a datasheet, one model on the chip against the roofline, and all that is printed otherwise."""
    line = roofline(model, name, chips=chips, weight=weight, stages=stages)
    return Reproduction(figures=(*figures, line), printed=chip(name).printed)


def _known(value: float | None) -> float:
    if value is None:
        raise ValueError("a figure that is not published")
    return value
