"""SmoothQuant: outliers of activations are moved into the weights, then both have 8 bits.

source: Xiao et al. 2022, SmoothQuant, equations 3 and 4
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from interlock.effects import ActivationFormat, Effect, WeightFormat
from interlock.techniques.base import Technique


@dataclass(frozen=True, slots=True, kw_only=True)
class SmoothQuant(Technique):
    """W8A8 with one scale a channel."""

    title: ClassVar[str] = "SmoothQuant (W8A8)"
    paper: ClassVar[str] = "Xiao et al. 2022, SmoothQuant, equations 3 and 4"

    def effects(self) -> tuple[Effect, ...]:
        """8-bit integers on both sides of every linear layer."""
        return (WeightFormat("int8"), ActivationFormat("int8"))


TECHNIQUE = SmoothQuant()
