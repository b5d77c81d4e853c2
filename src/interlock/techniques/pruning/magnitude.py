"""Magnitude pruning: the smallest weights of each layer are removed, whatever they multiply.

source: Han et al. 2015, Learning both weights and connections, section 3; N:M: Mishra et al. 2021
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from interlock.effects import Effect, WeightFormat
from interlock.techniques.base import Technique

if TYPE_CHECKING:
    from torch import nn

    from interlock.surgery.applied import Applied
    from interlock.surgery.calibration import Calibration


@dataclass(frozen=True, slots=True, kw_only=True)
class Magnitude(Technique):
    """Sparsity by the size of weights.

    Args:
        pattern: "N:M", or "P%" of each layer's weights.
        format: of the kept values.
    """

    title: ClassVar[str] = "magnitude pruning"
    paper: ClassVar[str] = "Han et al. 2015, Learning both weights and connections, section 3"

    pattern: str = "50%"
    format: str = "bf16"

    def effects(self) -> tuple[Effect, ...]:
        """Kept values and their places."""
        return (WeightFormat(f"{self.format}+{self.pattern}"),)

    def apply(self, model: nn.Module, calibration: Calibration | None = None) -> Applied:
        """Prune every linear layer of the blocks; calibration is not looked at."""
        from interlock.surgery.applied import Ledger
        from interlock.surgery.sparse_linear import prune_magnitudes

        ledger = Ledger()
        prune_magnitudes(model, self.pattern, ledger, self.format)
        return ledger.close(model, self.effects())


TECHNIQUE = Magnitude()
