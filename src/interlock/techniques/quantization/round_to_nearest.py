"""Round to nearest: one scale for each group of weights, nothing learned.

source: folklore; the baseline of Frantar et al. 2022 (GPTQ), section 4
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from interlock.effects import Effect, WeightFormat
from interlock.techniques.base import Technique, integer_format


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundToNearest(Technique):
    """Weights rounded to the nearest multiple of their group's scale."""

    title: ClassVar[str] = "Round to nearest (RTN)"
    paper: ClassVar[str] = "folklore; the baseline of Frantar et al. 2022 (GPTQ), section 4"

    bits: int = 4
    group_size: int = 128

    def effects(self) -> tuple[Effect, ...]:
        """Grouped integers, 16-bit activations."""
        return (WeightFormat(integer_format(self.bits, self.group_size)),)


TECHNIQUE = RoundToNearest()
