"""Quantization-aware training: weights trained through their rounding.

source:  Jacob et al. 2018, section 3; Bengio et al. 2013 (straight-through estimator); for LLMs Liu et al. 2023,
         LLM-QAT
departs: LLM-QAT trains on text that the model wrote itself and rounds activations and the cache as well; here the
         calibration tokens are the data, and weights are rounded.
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
class Qat(Technique):
    """Weights trained through their rounding.

    Args:
        bits: of a weight.
        group_size: columns that share a scale; 0 for a whole row.
        steps: of training.
        batch: sequences of a step, drawn from the calibration tokens.
        learning_rate: of AdamW, falling to zero as a cosine.
    """

    title: ClassVar[str] = "Quantization-aware training"
    paper: ClassVar[str] = "Jacob et al. 2018, section 3"

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
        from interlock.surgery.quantization_aware import RoundedLinear, train_rounded

        ledger = Ledger()
        grid = IntegerGrid(bits=self.bits, group_size=self.group_size)
        settings = {"steps": self.steps, "batch": self.batch, "learning_rate": self.learning_rate}
        train_rounded(model, required(calibration, self.title), grid, RoundedLinear, ledger, settings)
        return ledger.close(model, self.effects())


TECHNIQUE = Qat()
