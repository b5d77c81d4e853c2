"""SparseGPT: weights are removed column by column, the rest of each row corrects the error.

source:  Frantar and Alistarh 2023, SparseGPT, algorithm 1; section 3.5 for rounding in the same pass
departs: a group's scale is that of the weights that would be kept when its turn comes. Formats whose groups depend on
         the mask ("P%" with groups), and formats that are no integers, are rounded after pruning.
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
        joint: round integers in the pass that prunes, so that later columns correct rounding, too.
        mask_block: columns whose mask is chosen together, for "P%".
        damping: share of the mean diagonal that is added to the Hessian.
    """

    title: ClassVar[str] = "SparseGPT"
    paper: ClassVar[str] = "Frantar and Alistarh 2023, SparseGPT, algorithm 1"

    pattern: str = "2:4"
    format: str = "bf16"
    joint: bool = True
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
        from interlock.surgery.sparse_integers import Joint, joint_grid
        from interlock.surgery.sparse_linear import Pruned, pruning_change
        from interlock.surgery.sparse_masks import read_pattern
        from interlock.surgery.sparse_solve import prune_columns
        from interlock.surgery.statistics import damped
        from interlock.surgery.walk import rebuild

        ledger, pattern = Ledger(), read_pattern(self.pattern)
        grid = joint_grid(self.format, pattern) if self.joint else None

        def prune(weight: Tensor, hessian: Tensor, name: str) -> Pruned:
            upper = factor(damped(hessian, self.damping))
            if grid is not None:
                store = Joint(grid=grid, pattern=pattern, mask_block=self.mask_block).store(weight, upper, name)
                return Pruned(weight=store.dequantize(), mask=store.mask(), store=store)
            pruned, mask = prune_columns(weight, upper, pattern, mask_block=self.mask_block, where=name)
            return Pruned(weight=pruned, mask=mask)

        rebuild(model, required(calibration, self.title), pruning_change(ledger, prune, self.pattern, self.format))
        return ledger.close(model, self.effects())


TECHNIQUE = SparseGpt()
