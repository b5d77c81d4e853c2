"""SparseGPT: weights are removed column by column, the rest of each row corrects the error.

source:  Frantar and Alistarh 2023, SparseGPT, algorithm 1
departs: with a narrow `format` the kept values are rounded after pruning; the paper's joint step, which corrects
         rounding, too, is not here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from interlock.effects import Effect, WeightFormat
from interlock.techniques.base import Technique

if TYPE_CHECKING:
    from torch import Tensor, nn

    from interlock.surgery.applied import Applied
    from interlock.surgery.calibration import Calibration
    from interlock.surgery.sparse_linear import Pruned


@dataclass(frozen=True, slots=True, kw_only=True)
class SparseGpt(Technique):
    """Sparsity by second-order pruning.

    Args:
        pattern: "N:M", or "P%" of each layer's weights.
        format: of the kept values.
        mask_block: columns whose mask is chosen together, for "P%".
        damping: share of the mean diagonal that is added to the Hessian.
    """

    title: ClassVar[str] = "SparseGPT"
    paper: ClassVar[str] = "Frantar and Alistarh 2023, SparseGPT, algorithm 1"

    pattern: str = "2:4"
    format: str = "bf16"
    mask_block: int = 128
    damping: float = 0.01

    def effects(self) -> tuple[Effect, ...]:
        """Kept values and their places."""
        return (WeightFormat(f"{self.format}+{self.pattern}"),)

    def apply(self, model: nn.Module, calibration: Calibration | None = None) -> Applied:
        """Prune every linear layer of the blocks, calibrated in sequence."""
        from interlock.surgery.applied import Ledger
        from interlock.surgery.calibration import required
        from interlock.surgery.rounding import factor
        from interlock.surgery.sparse_linear import Pruned, pruning_change
        from interlock.surgery.sparse_masks import read_pattern
        from interlock.surgery.sparse_solve import prune_columns
        from interlock.surgery.statistics import damped
        from interlock.surgery.walk import rebuild

        ledger, pattern = Ledger(), read_pattern(self.pattern)

        def prune(weight: Tensor, hessian: Tensor, name: str) -> Pruned:
            upper = factor(damped(hessian, self.damping))
            pruned, mask = prune_columns(weight, upper, pattern, mask_block=self.mask_block, where=name)
            return Pruned(weight=pruned, mask=mask)

        rebuild(model, required(calibration, self.title), pruning_change(ledger, prune, self.pattern, self.format))
        return ledger.close(model, self.effects())


TECHNIQUE = SparseGpt()
