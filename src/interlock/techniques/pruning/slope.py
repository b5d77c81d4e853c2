"""SLoPe: training under a fixed N:M mask that the backward pass has, too, with thin adapters near the end.

source:  Mozaffari et al. 2024, SLoPe: double-pruned sparse plus lazy low-rank adapter pretraining of LLMs
departs: on a trained model the mask is that of its magnitudes; `mask=random` is the paper's, for a model at its start.
         All linear layers of the blocks are pruned. The given model is trained on the calibration tokens, all of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from interlock.effects import Effect, HeldShare, WeightFormat
from interlock.errors import InputError, shown
from interlock.techniques.base import Technique

if TYPE_CHECKING:
    from torch import nn

    from interlock.surgery.applied import Applied
    from interlock.surgery.calibration import Calibration


@dataclass(frozen=True, slots=True, kw_only=True)
class Slope(Technique):
    """Sparse training with lazy adapters.

    Args:
        pattern: "N:M", along rows and, in the backward pass, along columns.
        rank: of the adapters; 0 for none.
        late: share of the steps, at the end, that trains adapters.
        mask: "magnitude" or "random".
        steps: of training.
        batch: sequences of a step.
        learning_rate: at the first step.
    """

    title: ClassVar[str] = "SLoPe (sparse training, lazy low-rank adapters)"
    paper: ClassVar[str] = "Mozaffari et al. 2024, SLoPe"

    pattern: str = "2:4"
    rank: int = 4
    late: float = 0.1
    mask: str = "magnitude"
    steps: int = 100
    batch: int = 4
    learning_rate: float = 0.001

    def __post_init__(self) -> None:
        if self.mask not in ("magnitude", "random"):
            raise InputError("mask", shown(self.mask), "magnitude or random")
        if not 0 <= self.late <= 1:
            raise InputError("late", str(self.late), "a share from 0 to 1")

    def effects(self) -> tuple[Effect, ...]:
        """Kept values and their places; what the adapters take is found when it is applied."""
        return (WeightFormat(f"bf16+{self.pattern}"), HeldShare("low rank beside", 1.0))

    def apply(self, model: nn.Module, calibration: Calibration | None = None) -> Applied:
        """Train on the calibration tokens, then store."""
        from interlock.surgery.applied import Ledger
        from interlock.surgery.calibration import required
        from interlock.surgery.sparse_runs import train_double_pruned

        ledger = Ledger()
        share = train_double_pruned(
            model,
            required(calibration, self.title),
            self.pattern,
            rank=self.rank,
            late=self.late,
            random=self.mask == "random",
            settings={"steps": self.steps, "batch": self.batch, "learning_rate": self.learning_rate},
            ledger=ledger,
        )
        return ledger.close(
            model, (WeightFormat(f"bf16+{self.pattern}"), HeldShare("low rank beside", 1.0, 16 * share))
        )


TECHNIQUE = Slope()
