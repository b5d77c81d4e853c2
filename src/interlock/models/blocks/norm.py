"""LayerNorm and RMSNorm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from interlock.models.blocks.weight import Weight


@dataclass(frozen=True, slots=True, kw_only=True)
class Norm:
    """A norm over the last axis: `elements` weights, and as many biases for LayerNorm that has them."""

    kind: Literal["layer", "rms"]
    elements: int
    bias: bool = False
    scale: bool = True

    def weights(self) -> list[Weight]:
        """Scale and bias."""
        count = self.elements * (int(self.scale) + int(self.bias))
        return [Weight(name="norm", elements=count, group="other")]
