"""Wanda: the smallest products of weight and activation norm are removed; here in the 2:4 pattern.

source: Sun et al. 2023, Wanda, equation 1
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from interlock.effects import Effect, WeightFormat
from interlock.techniques.base import Technique


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanda(Technique):
    """2:4 sparsity by weights and activations."""

    title: ClassVar[str] = "Wanda (2:4)"
    paper: ClassVar[str] = "Sun et al. 2023, Wanda, equation 1"

    def effects(self) -> tuple[Effect, ...]:
        """Half of the weights and 2 bits of place for each kept one."""
        return (WeightFormat("bf16+2:4"),)


TECHNIQUE = Wanda()
