"""GPTQ: columns are rounded one after the other, each correcting the error of those before.

source: Frantar et al. 2022, GPTQ, algorithm 1
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from interlock.effects import Effect, WeightFormat
from interlock.techniques.base import Technique, integer_format


@dataclass(frozen=True, slots=True, kw_only=True)
class Gptq(Technique):
    """Second-order rounding of weights."""

    title: ClassVar[str] = "GPTQ"
    paper: ClassVar[str] = "Frantar et al. 2022, GPTQ, algorithm 1"

    bits: int = 4
    group_size: int = 128

    def effects(self) -> tuple[Effect, ...]:
        """Grouped integers, 16-bit activations."""
        return (WeightFormat(integer_format(self.bits, self.group_size)),)


TECHNIQUE = Gptq()
