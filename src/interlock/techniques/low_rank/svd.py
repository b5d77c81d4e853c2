"""SVD: each weight matrix is cut to the rank whose factors hold a share of its elements.

source: Eckart and Young 1936, The approximation of one matrix by another of lower rank
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from interlock.effects import Effect, HeldShare
from interlock.techniques.base import Technique

if TYPE_CHECKING:
    from torch import nn

    from interlock.surgery.applied import Applied
    from interlock.surgery.calibration import Calibration


@dataclass(frozen=True, slots=True, kw_only=True)
class Svd(Technique):
    """Low rank for the weights alone.

    Args:
        share: of a matrix's elements that its factors may hold.
    """

    title: ClassVar[str] = "low rank (SVD)"
    paper: ClassVar[str] = "Eckart and Young 1936"

    share: float = 0.5

    def effects(self) -> tuple[Effect, ...]:
        """Fewer elements; the share that whole ranks give is found when it is applied."""
        return (HeldShare("low rank", self.share),)

    def apply(self, model: nn.Module, calibration: Calibration | None = None) -> Applied:
        """Factor every linear layer of the blocks; calibration is not looked at."""
        from interlock.surgery.applied import Ledger
        from interlock.surgery.factoring import factor_linears, share_of

        ledger, counted = Ledger(), {"held": 0, "all": 0}
        factor_linears(model, self.share, ledger, counted)
        return ledger.close(model, (HeldShare("low rank", share_of(counted)),))


TECHNIQUE = Svd()
