"""AWQ: channels that see large activations are scaled up before rounding.

source: Lin et al. 2023, AWQ, section 3
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from interlock.effects import Effect, WeightFormat
from interlock.techniques.base import Technique, integer_format


@dataclass(frozen=True, slots=True, kw_only=True)
class Awq(Technique):
    """Activation-aware scaling, then asymmetric rounding in groups."""

    title: ClassVar[str] = "AWQ"
    paper: ClassVar[str] = "Lin et al. 2023, AWQ, section 3"

    bits: int = 4
    group_size: int = 128

    def effects(self) -> tuple[Effect, ...]:
        """Grouped integers with zero points, 16-bit activations."""
        return (WeightFormat(integer_format(self.bits, self.group_size, asymmetric=True)),)


TECHNIQUE = Awq()
