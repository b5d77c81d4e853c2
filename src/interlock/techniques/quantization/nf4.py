"""NF4 with double quantization, the storage of QLoRA.

source: Dettmers et al. 2023, QLoRA, section 3
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from interlock.effects import Effect, WeightFormat
from interlock.techniques.base import Technique


@dataclass(frozen=True, slots=True, kw_only=True)
class Nf4(Technique):
    """Normal-float quantiles in blocks of 64, scales quantized again."""

    title: ClassVar[str] = "NF4, double quantization"
    paper: ClassVar[str] = "Dettmers et al. 2023, QLoRA, section 3"

    def effects(self) -> tuple[Effect, ...]:
        """4.127 bits a weight, 16-bit activations."""
        return (WeightFormat("nf4-dq"),)


TECHNIQUE = Nf4()
