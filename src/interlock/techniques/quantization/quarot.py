"""QuaRot: rotations remove outliers, so that weights, activations and caches have 4 bits.

source: Ashkboos et al. 2024, QuaRot, sections 4 and 5
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from interlock.effects import ActivationFormat, Effect, KVFormat, WeightFormat
from interlock.techniques.base import Technique


@dataclass(frozen=True, slots=True, kw_only=True)
class QuaRot(Technique):
    """W4A4KV4 after Hadamard rotations."""

    title: ClassVar[str] = "QuaRot (W4A4KV4)"
    paper: ClassVar[str] = "Ashkboos et al. 2024, QuaRot, sections 4 and 5"

    def effects(self) -> tuple[Effect, ...]:
        """4-bit integers for weights and activations, groups of 128 in the cache."""
        return (WeightFormat("int4"), ActivationFormat("int4"), KVFormat("int4-g128"))


TECHNIQUE = QuaRot()
