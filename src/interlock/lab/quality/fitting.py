"""Whether groups of a technique fit a model's layers: asked before anything is measured, with the sizes that do.

idea:  a group that does not divide a row would need a rest with a scale of its own, which no engine stores. AutoAWQ and
       compressed-tensors refuse it, too; torchao leaves such layers unquantized, which would be no 4-bit model.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from torch import nn

from interlock.effects import WeightFormat
from interlock.errors import InputError
from interlock.lab.quality.composed import Composed
from interlock.surgery.decoder import linears
from interlock.surgery.linear import weight_of
from interlock.techniques.base import Technique

_SIZES: Final = (1024, 512, 256, 192, 128, 96, 64, 48, 32, 16, 8)
_OFFERED: Final = 3


def check_groups(model: nn.Module, technique: Technique) -> None:
    """Whether the groups of a technique's weights divide the rows of all layers.

    Raises:
        InputError: they do not; it names sizes that do.
    """
    for part in technique.parts if isinstance(technique, Composed) else (technique,):
        for size in _group_sizes(part):
            columns = {name: weight_of(layer).shape[1] for name, layer in linears(model).items()}
            name = next((name for name, count in columns.items() if count % size), None)
            if name is not None:
                common = math.gcd(*columns.values())
                fitting = [each for each in _SIZES if common % each == 0]
                near = sorted(sorted(fitting, key=lambda each: abs(math.log(each / size)))[:_OFFERED])
                offer = f"{' or '.join(map(str, near))}, which divide every layer, or " if near else ""
                found = f"{size}, which does not divide the {columns[name]} columns of {name}"
                raise InputError("--group-size", found, f"{offer}0 for one scale a row")


def _group_sizes(technique: Technique) -> Iterator[int]:
    """Columns that share a scale, where a parameter of that name is about weights."""
    size = getattr(technique, "group_size", 0)
    formats = [effect.name for effect in technique.effects() if isinstance(effect, WeightFormat)]
    if size and any(f"-g{size}" in name for name in formats):
        yield size
