"""Collectives and transfers over the links of a chip, inside a node or between nodes of the stated size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from interlock.cost import Chips
from interlock.evidence.measurement import Measurements
from interlock.operators import Communication, Kind, Operator
from interlock.validation.operators.lowered import Lowered, number, text


def lower(measurements: Measurements, chips: Chips) -> Iterator[Lowered]:
    """Rows of one operation at a time; a node of fewer chips than the links could join ends the domain."""
    operations = text(measurements, "operation", "all-reduce")
    for operation in np.unique(operations):
        mask = operations == operation
        part = measurements.where(mask)
        kind = Communication(str(operation))
        group = number(part, "chips")
        inside = number(part, "chips_in_node", np.inf)
        links = replace(chips.links, domain=np.minimum(chips.links.domain, inside))
        operator = Operator(
            name=str(operation),
            block="collective",
            kind=Kind.TRANSFER if kind is Communication.POINT_TO_POINT else Kind.COLLECTIVE,
            communication=kind,
            message_bytes=number(part, "message_bytes"),
            group=group,
        )
        yield Lowered(rows=np.flatnonzero(mask), operators=[operator], chips=replace(chips, links=links))
