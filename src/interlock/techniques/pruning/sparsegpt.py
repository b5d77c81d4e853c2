"""SparseGPT: weights are removed column by column, the rest corrects the error; here in the 2:4 pattern.

source: Frantar and Alistarh 2023, SparseGPT, algorithm 1
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from interlock.effects import Effect, WeightFormat
from interlock.techniques.base import Technique


@dataclass(frozen=True, slots=True, kw_only=True)
class SparseGpt(Technique):
    """2:4 sparsity by second-order pruning."""

    title: ClassVar[str] = "SparseGPT (2:4)"
    paper: ClassVar[str] = "Frantar and Alistarh 2023, SparseGPT, algorithm 1"

    def effects(self) -> tuple[Effect, ...]:
        """Half of the weights and 2 bits of place for each kept one."""
        return (WeightFormat("bf16+2:4"),)


TECHNIQUE = SparseGpt()
