"""Plug-and-Play: relative importance and activations score weights; columns are reordered so that N:M keeps more.

source:  Zhang et al. 2024, Plug-and-Play: an efficient post-training pruning method for LLMs
keeps:   the function is that of the pruned weights in their own places; an order of columns is stored with each layer.
departs: every layer has an order of its own, applied when its input comes; the paper moves some of them into the layer
         before.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class PlugAndPlay(Technique):
    """RIA scores with channel permutation.

    Args:
        pattern: "N:M", or "P%" of each row, which needs no permutation.
        format: of the kept values.
        power: of the input norm in the score, a.
        permute: whether columns are reordered.
    """

    title: ClassVar[str] = "Plug-and-Play (RIA, channel permutation)"
    paper: ClassVar[str] = "Zhang et al. 2024, Plug-and-Play"

    pattern: str = "2:4"
    format: str = "bf16"
    power: float = 0.5
    permute: bool = True

    def effects(self) -> tuple[Effect, ...]:
        """Kept values and their places."""
        return (WeightFormat(f"{self.format}+{self.pattern}"),)

    def apply(self, model: nn.Module, calibration: Calibration | None = None) -> Applied:
        """Prune every linear layer of the blocks, calibrated in sequence."""
        from interlock.surgery.applied import Ledger
        from interlock.surgery.calibration import required
        from interlock.surgery.sparse_linear import by_scores, pruning_change, relative_scores
        from interlock.surgery.sparse_masks import read_pattern
        from interlock.surgery.walk import rebuild

        ledger = Ledger()

        def scores(weight: Tensor, hessian: Tensor) -> Tensor:
            return relative_scores(weight, hessian, self.power)

        pruning = by_scores(scores, read_pattern(self.pattern), permute=self.permute)
        rebuild(model, required(calibration, self.title), pruning_change(ledger, pruning, self.pattern, self.format))
        return ledger.close(model, self.effects())


TECHNIQUE = PlugAndPlay()
