"""LSQ (learned step size): step sizes trained together with the weights.

source:  Esser et al. 2020, LSQ, equations 1 to 3
departs: weights only, and AdamW with a cosine where the paper has SGD.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from interlock.effects import Effect, WeightFormat
from interlock.techniques.base import Technique, integer_format

if TYPE_CHECKING:
    from torch import nn

    from interlock.surgery.applied import Applied
    from interlock.surgery.calibration import Calibration


@dataclass(frozen=True, slots=True, kw_only=True)
class Lsq(Technique):
    """Step sizes trained together with the weights.

    Args:
        bits: of a weight.
        group_size: columns that share a scale; 0 for a whole row.
        steps: of training.
        batch: sequences of a step, drawn from the calibration tokens.
        learning_rate: of AdamW, falling to zero as a cosine.
    """

    title: ClassVar[str] = "LSQ (learned step size)"
    paper: ClassVar[str] = "Esser et al. 2020, LSQ, section 2"

    bits: int = 4
    group_size: int = 128
    steps: int = 100
    batch: int = 4
    learning_rate: float = 0.0001

    def effects(self) -> tuple[Effect, ...]:
        """Grouped integers, 16-bit activations."""
        return (WeightFormat(integer_format(self.bits, self.group_size)),)

    def apply(self, model: nn.Module, calibration: Calibration | None = None) -> Applied:
        """Train every linear layer of the blocks on the calibration tokens, then round."""
        from interlock.surgery.applied import Ledger
        from interlock.surgery.calibration import required
        from interlock.surgery.grid import IntegerGrid
        from interlock.surgery.quantization_aware import LearnedStepLinear, train_rounded

        ledger = Ledger()
        grid = IntegerGrid(bits=self.bits, group_size=self.group_size)
        settings = {"steps": self.steps, "batch": self.batch, "learning_rate": self.learning_rate}
        train_rounded(model, required(calibration, self.title), grid, LearnedStepLinear, ledger, settings)
        return ledger.close(model, self.effects())


TECHNIQUE = Lsq()
