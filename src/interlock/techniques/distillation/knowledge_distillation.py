"""Knowledge distillation: a student of fewer layers learns the original's softened logits and hidden states.

source: Hinton et al. 2015, section 2; Sanh et al. 2019, DistilBERT, section 3
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from interlock.effects import Effect, KeptLayers, kept_of
from interlock.techniques.base import Technique

if TYPE_CHECKING:
    from torch import nn

    from interlock.surgery.applied import Applied
    from interlock.surgery.calibration import Calibration


@dataclass(frozen=True, slots=True, kw_only=True)
class KnowledgeDistillation(Technique):
    """A shorter student, taught by the original.

    Args:
        share: of the layers that the student keeps.
        steps: of training.
        batch: sequences of a step.
        learning_rate: at the first step.
        temperature: that softens both distributions.
        hidden: weight of the hidden states' error.
        labels: weight of the text's own loss.
    """

    title: ClassVar[str] = "knowledge distillation"
    paper: ClassVar[str] = "Hinton et al. 2015; Sanh et al. 2019, DistilBERT, section 3"

    share: float = 0.5
    steps: int = 100
    batch: int = 4
    learning_rate: float = 0.001
    temperature: float = 2.0
    hidden: float = 1.0
    labels: float = 0.5

    def effects(self) -> tuple[Effect, ...]:
        """Fewer layers."""
        return (KeptLayers("student", self.share),)

    def apply(self, model: nn.Module, calibration: Calibration | None = None) -> Applied:
        """Shorten the model and train it on the calibration tokens, with a copy of itself as the teacher."""
        from interlock.surgery.applied import Ledger
        from interlock.surgery.calibration import required
        from interlock.surgery.decoder import blocks, linears
        from interlock.surgery.distilling import distill, shorten, teacher_of
        from interlock.surgery.linear import checked

        ledger, data = Ledger(), required(calibration, self.title)
        checked(linears(model))
        teacher = teacher_of(model)
        layers = shorten(model, kept_of(len(blocks(model)), self.share))
        losses = distill(
            model,
            teacher,
            layers,
            data,
            steps=self.steps,
            batch=self.batch,
            learning_rate=self.learning_rate,
            temperature=self.temperature,
            hidden=self.hidden,
            labels=self.labels,
        )
        for name, layer in linears(model).items():
            ledger.enter(name, layer)
        ledger.notes.append(f"taught in {len(losses)} steps, loss {losses[0]:.4f} to {losses[-1]:.4f}")
        return ledger.close(model, self.effects())


TECHNIQUE = KnowledgeDistillation()
