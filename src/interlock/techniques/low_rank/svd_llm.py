"""SVD-LLM: factors that are the best of their rank for the layer's inputs, found by whitening.

source:  Wang et al. 2024, SVD-LLM, truncation-aware whitening; the diagonal scaling is that of Yuan et al. 2023, ASVD
departs: the first round only; SVD-LLM's update of one factor with the other fixed is not here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from interlock.effects import Effect, HeldShare
from interlock.errors import InputError, shown
from interlock.techniques.base import Technique

if TYPE_CHECKING:
    from torch import nn

    from interlock.surgery.applied import Applied
    from interlock.surgery.calibration import Calibration


@dataclass(frozen=True, slots=True, kw_only=True)
class SvdLlm(Technique):
    """Low rank for weights and inputs.

    Args:
        share: of a matrix's elements that its factors may hold.
        scaling: "whitening" (SVD-LLM) or "diagonal" (ASVD).
        power: of the mean magnitude, for "diagonal".
        damping: share of the mean diagonal that is added to the Hessian.
    """

    title: ClassVar[str] = "SVD-LLM (activation-aware low rank)"
    paper: ClassVar[str] = "Wang et al. 2024, SVD-LLM"

    share: float = 0.5
    scaling: str = "whitening"
    power: float = 0.5
    damping: float = 0.01

    def __post_init__(self) -> None:
        if self.scaling not in ("whitening", "diagonal"):
            raise InputError("scaling", shown(self.scaling), "whitening or diagonal")

    def effects(self) -> tuple[Effect, ...]:
        """Fewer elements; the share that whole ranks give is found when it is applied."""
        return (HeldShare("low rank", self.share),)

    def apply(self, model: nn.Module, calibration: Calibration | None = None) -> Applied:
        """Factor every linear layer of the blocks, calibrated in sequence."""
        from interlock.surgery.applied import Ledger
        from interlock.surgery.calibration import required
        from interlock.surgery.factoring import factoring_change, magnitudes, share_of, whitening
        from interlock.surgery.walk import rebuild

        ledger, counted = Ledger(), {"held": 0, "all": 0}
        scaling = whitening(self.damping) if self.scaling == "whitening" else magnitudes(self.power)
        rebuild(model, required(calibration, self.title), factoring_change(ledger, self.share, scaling, counted))
        return ledger.close(model, (HeldShare("low rank", share_of(counted)),))


TECHNIQUE = SvdLlm()
