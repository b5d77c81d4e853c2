"""FP8: weights and activations in E4M3 with scales.

source: Micikevicius et al. 2022, FP8 Formats for Deep Learning
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from interlock.effects import ActivationFormat, Effect, WeightFormat
from interlock.techniques.base import Technique


@dataclass(frozen=True, slots=True, kw_only=True)
class Fp8(Technique):
    """W8A8 in floating point."""

    title: ClassVar[str] = "FP8 (W8A8)"
    paper: ClassVar[str] = "Micikevicius et al. 2022, FP8 Formats for Deep Learning"

    def effects(self) -> tuple[Effect, ...]:
        """E4M3 on both sides of every linear layer."""
        return (WeightFormat("fp8-e4m3"), ActivationFormat("fp8-e4m3"))


TECHNIQUE = Fp8()
