"""Progressive gradient flow: training to N:M with pruned weights that fade, or a pattern that tightens.

source: Bambhaniya et al. 2024, Progressive gradient flow for robust N:M sparsity training in transformers
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from interlock.effects import Effect, WeightFormat
from interlock.errors import InputError, shown
from interlock.techniques.base import Technique

if TYPE_CHECKING:
    from torch import nn

    from interlock.surgery.applied import Applied
    from interlock.surgery.calibration import Calibration


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressiveGradientFlow(Technique):
    """Training that ends in N:M.

    Args:
        pattern: "N:M".
        decay: "mask" (linear), "structure" (stepwise), or "none": SR-STE, which has the pattern from the start.
        until: share of the steps after which the pattern holds.
        steps: of training.
        batch: sequences of a step.
        learning_rate: at the first step.
    """

    title: ClassVar[str] = "progressive gradient flow (N:M training)"
    paper: ClassVar[str] = "Bambhaniya et al. 2024, progressive gradient flow"

    pattern: str = "2:4"
    decay: str = "mask"
    until: float = 0.75
    steps: int = 100
    batch: int = 4
    learning_rate: float = 0.001

    def __post_init__(self) -> None:
        if self.decay not in ("mask", "structure", "none"):
            raise InputError("decay", shown(self.decay), "mask, structure or none")
        if not 0 <= self.until <= 1:
            raise InputError("until", str(self.until), "a share from 0 to 1")

    def effects(self) -> tuple[Effect, ...]:
        """Kept values and their places."""
        return (WeightFormat(f"bf16+{self.pattern}"),)

    def apply(self, model: nn.Module, calibration: Calibration | None = None) -> Applied:
        """Train on the calibration tokens, then store."""
        from interlock.surgery.applied import Ledger
        from interlock.surgery.calibration import required
        from interlock.surgery.sparse_runs import train_decaying
        from interlock.surgery.sparse_training import fading, straight, tightening

        ledger = Ledger()
        train_decaying(
            model,
            required(calibration, self.title),
            self.pattern,
            {"mask": fading, "structure": tightening, "none": straight}[self.decay],
            until=self.until,
            settings={"steps": self.steps, "batch": self.batch, "learning_rate": self.learning_rate},
            ledger=ledger,
        )
        return ledger.close(model, self.effects())


TECHNIQUE = ProgressiveGradientFlow()
