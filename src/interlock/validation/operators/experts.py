"""Grouped experts on one chip, as `models/blocks/mixture.py` and `parallel/placement.py` lower and place them.

keeps:   the kernels that are timed get all T tokens of the group and write a row for each, whichever rank's experts
         they chose, so the final sum passes over T rows.
symbols: T tokens of the whole group, E experts, k choices, p expert ranks, t tensor-parallel degree.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from interlock.cost import Chips
from interlock.evidence.measurement import Measurements
from interlock.models.formats import Formats
from interlock.models.routing import active_experts, busiest_share
from interlock.operators import Kind, Operator
from interlock.validation.operators.lowered import Column, Lowered, formats, number


def lower(measurements: Measurements, chips: Chips) -> Iterator[Lowered]:
    """Both products, the activation between them, and the sum of each token's choices."""
    f = formats(measurements, chips)
    tokens, top_k, p, t = (number(measurements, name) for name in ("tokens", "top_k", "expert", "tensor"))
    width, inner = number(measurements, "width"), number(measurements, "intermediate") / t
    inputs = inner * (1.0 + number(measurements, "gated"))
    active, load = _routing(measurements)
    rows = tokens * top_k / p
    operators = [
        _product(f, active / p, rows, inputs, width, load),
        _pass(f, rows, inputs, inner, 4.0, load),
        _product(f, active / p, rows, width, inner, load),
        _pass(f, tokens, top_k * width / p, width, 2.0 * top_k / p, np.ones(len(p))),
    ]
    yield Lowered(rows=np.arange(len(measurements)), operators=operators, chips=chips)


def _routing(measurements: Measurements) -> tuple[Column, Column]:
    """Experts that are touched, over all ranks, and the busiest rank's load over the mean."""
    keys = np.stack([number(measurements, name) for name in ("experts", "top_k", "skew")], axis=1)
    tokens, ranks = number(measurements, "tokens"), number(measurements, "expert")
    active, load = np.empty(len(tokens)), np.empty(len(tokens))
    unique, inverse = np.unique(keys, axis=0, return_inverse=True)
    order = np.argsort(inverse, kind="stable")
    for place, rows in enumerate(np.split(order, np.cumsum(np.bincount(inverse))[:-1])):
        experts, top_k, skew = int(unique[place, 0]), int(unique[place, 1]), float(unique[place, 2])
        active[rows] = active_experts(experts, top_k, skew, tokens[rows])
        load[rows] = busiest_share(experts, top_k, skew, ranks[rows])
    return active, load


def _product(f: Formats, active: Column, rows: Column, n: Column, k: Column, load: Column) -> Operator:
    return Operator(
        name="experts",
        block="moe",
        kind=Kind.MATMUL,
        batch=active,
        m=rows / active,
        n=n,
        k=k,
        flop=2.0 * rows * n * k,
        compute=f.compute,
        weight_bytes=active * n * k * f.weight,
        input_bytes=rows * k * f.activation,
        output_bytes=rows * n * f.wide,
        load=load,
    )


def _pass(f: Formats, rows: Column, read: Column, written: Column, flop: Column | float, load: Column) -> Operator:
    return Operator(
        name="pass",
        block="moe",
        kind=Kind.ELEMENTWISE,
        m=rows,
        n=written,
        flop=flop * rows * written,
        compute=f.wide_compute,
        input_bytes=rows * read * f.wide,
        output_bytes=rows * written * f.wide,
        load=load,
    )
