"""Integer grids: the scale and zero point of each tensor, channel or group of weights, and rounding to them.

symbols: w weight [rows, columns]; s scale, z zero point [rows, groups]; b bits; G group size, 0 for a whole row.
         code = clip(round(w / s) + z, 0, 2^b - 1), value = s (code - z). Symmetric grids have z = 2^(b-1).
keeps:   scales are rounded to fp16 before anything is rounded to them, so what is stored is what was used; zero is on
         the grid.
source:  Jacob et al. 2018, section 2.1; ranges as GPTQ's reference code: s = (max - min) / (2^b - 1), and symmetric
         grids span [-max|w|, max|w|], or, without the full range, s = max|w| / (2^(b-1) - 1) as engines with int8 units
         have it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from interlock.errors import InputError

WIDTHS: Final = (2, 3, 4, 8)  # those whose formats the predictor has
SMALLEST: Final = 2.0**-24  # of fp16
LARGEST: Final = 65504.0


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegerGrid:
    """How weights are rounded to integers.

    Raises:
        InputError: a width or group size that is none.
    """

    bits: int
    group_size: int = 0
    symmetric: bool = True
    per_tensor: bool = False
    full_range: bool = True  # symmetric grids use the code that has no negative

    def __post_init__(self) -> None:
        if self.bits not in WIDTHS:
            raise InputError("bits", str(self.bits), ", ".join(map(str, WIDTHS)))
        if self.group_size < 0:
            raise InputError("group_size", str(self.group_size), "0 for one scale a row, or a size of groups")

    @property
    def top(self) -> int:
        """The largest code."""
        return (1 << self.bits) - 1

    def groups(self, columns: int, name: str = "weight") -> int:
        """Groups in a row.

        Raises:
            InputError: the group size does not divide the columns.
        """
        if self.group_size == 0:
            return 1
        if columns % self.group_size:
            fitting = [size for size in (256, 192, 128, 96, 64, 48, 32, 16, 8) if columns % size == 0][:3]
            offer = f"a divisor such as {' or '.join(map(str, fitting))}" if fitting else "a divisor"
            found = f"{self.group_size}, which does not divide the {columns} columns of {name}"
            raise InputError("group_size", found, f"{offer}, or 0 for one scale a row")
        return columns // self.group_size

    def fit(self, weight: Tensor, shrink: Tensor | float = 1.0) -> tuple[Tensor, Tensor]:
        """Scale and zero point, both float32 [rows, groups], of weights whose range is first multiplied by `shrink`."""
        rows, columns = weight.shape
        grouped = weight.reshape(rows, self.groups(columns), -1)
        low, high = grouped.amin(2), grouped.amax(2)
        if self.per_tensor:
            low, high = low.amin().expand_as(low), high.amax().expand_as(high)
        if self.symmetric:
            high = torch.maximum(high, -low)
            low = -high
        low, high = low.clamp(max=0) * shrink, high.clamp(min=0) * shrink
        steps = self.top - (self.symmetric and not self.full_range)
        scale = ((high - low) / steps).clamp(SMALLEST, LARGEST).half().float()
        if self.symmetric:
            return scale, torch.full_like(scale, float(2 ** (self.bits - 1)))
        return scale, (-low / scale).round().clamp(0, self.top)

    def codes(self, weight: Tensor, scale: Tensor, zero: Tensor) -> Tensor:
        """The nearest codes, uint8 [rows, columns]."""
        rows, columns = weight.shape
        grouped = weight.reshape(rows, scale.shape[1], -1)
        codes = (grouped / scale.unsqueeze(2)).round_().add_(zero.unsqueeze(2)).clamp_(0, self.top)
        return codes.to(torch.uint8).view(rows, columns)

    def nearest_column(self, column: Tensor, scale: Tensor, zero: Tensor) -> Tensor:
        """Values of one column, with a scale and a zero point for each of its rows."""
        return torch.div(column, scale).round_().add_(zero).clamp_(0, self.top).sub_(zero).mul_(scale)

    def nearest(self, weight: Tensor, shrink: Tensor | float = 1.0) -> Tensor:
        """The weights as they come back after rounding to nearest."""
        scale, zero = self.fit(weight, shrink)
        return values(self.codes(weight, scale, zero), scale, zero)


def values(codes: Tensor, scale: Tensor, zero: Tensor) -> Tensor:
    """Weights, float32 [rows, columns], of codes [rows, columns], scale and zero point [rows, groups]."""
    rows, columns = codes.shape
    grouped = codes.view(rows, scale.shape[1], -1).float().sub_(zero.unsqueeze(2))
    return grouped.mul_(scale.unsqueeze(2)).view(rows, columns)
