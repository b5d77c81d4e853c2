"""LSQ (learned step size): step sizes trained together with the weights.

source:  Esser et al. 2020, LSQ, equations 1 to 3
departs: weights only, and AdamW with a cosine where the paper has SGD.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from interlock.techniques.trained import TrainedRounding

if TYPE_CHECKING:
    from interlock.surgery.quantization_aware import RoundedLinear


@dataclass(frozen=True, slots=True, kw_only=True)
class Lsq(TrainedRounding):
    """Step sizes trained together with the weights.

    Args:
        bits: of a weight.
        group_size: columns that share a scale; 0 for a whole row.
        steps: of training.
        batch: sequences of a step, drawn from the calibration tokens.
        learning_rate: of AdamW, falling to zero as a cosine.
        before: widths to train at first, an equal share of the steps each, as "8-4"; none if empty.
    """

    title: ClassVar[str] = "LSQ (learned step size)"
    paper: ClassVar[str] = "Esser et al. 2020, LSQ, section 2"

    def layer(self) -> type[RoundedLinear]:
        """The layer that is trained in the place of each linear one."""
        from interlock.surgery.quantization_aware import LearnedStepLinear

        return LearnedStepLinear


TECHNIQUE = Lsq()
