"""Wanda: in each row, the smallest products of weight and input norm are removed; weights are not updated.

source:  Sun et al. 2023, Wanda, section 3, equation 1
departs: each group of layers is pruned on what the already pruned part gives it, where the reference code prunes the
         layers of a block together on the unpruned block's activations.
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
class Wanda(Technique):
    """Sparsity by weights and activations.

    Args:
        pattern: "N:M", or "P%" of each row.
        format: of the kept values.
    """

    title: ClassVar[str] = "Wanda"
    paper: ClassVar[str] = "Sun et al. 2023, Wanda, equation 1"

    pattern: str = "2:4"
    format: str = "bf16"

    def effects(self) -> tuple[Effect, ...]:
        """Kept values and their places."""
        return (WeightFormat(f"{self.format}+{self.pattern}"),)

    def apply(self, model: nn.Module, calibration: Calibration | None = None) -> Applied:
        """Prune every linear layer of the blocks, calibrated in sequence."""
        from interlock.surgery.applied import Ledger
        from interlock.surgery.calibration import required
        from interlock.surgery.sparse_linear import by_scores, pruning_change, wanda_scores
        from interlock.surgery.sparse_masks import read_pattern
        from interlock.surgery.walk import rebuild

        ledger = Ledger()
        pruning = by_scores(wanda_scores, read_pattern(self.pattern))
        rebuild(model, required(calibration, self.title), pruning_change(ledger, pruning, self.pattern, self.format))
        return ledger.close(model, self.effects())


TECHNIQUE = Wanda()
