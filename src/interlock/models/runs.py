"""Equal neighbours of a layer list, gathered: lowering works once for each kind of layer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from interlock.models.blocks import Layer


def gathered(layers: Iterable[Layer]) -> tuple[Layer, ...]:
    """Layers of equal shape as one entry with their number, in order of first appearance."""
    counts: dict[Layer, int] = {}
    for layer in layers:
        alike = replace(layer, count=1)
        counts[alike] = counts.get(alike, 0) + layer.count
    return tuple(replace(layer, count=count) for layer, count in counts.items())
