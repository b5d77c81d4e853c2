"""Quantization-aware training: weights trained through their rounding.

source:  Jacob et al. 2018, section 3; Bengio et al. 2013 (straight-through estimator); for LLMs Liu et al. 2023,
         LLM-QAT; `before`: Zhuang et al. 2018, Towards effective low-bitwidth convolutional neural networks
         (progressive precision)
departs: LLM-QAT trains on text that the model wrote itself and rounds activations and the cache as well; here the
         calibration tokens are the data, and weights are rounded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from interlock.techniques.trained import TrainedRounding

if TYPE_CHECKING:
    from interlock.surgery.quantization_aware import RoundedLinear


@dataclass(frozen=True, slots=True, kw_only=True)
class Qat(TrainedRounding):
    """Weights trained through their rounding.

    Args:
        bits: of a weight.
        group_size: columns that share a scale; 0 for a whole row.
        steps: of training.
        batch: sequences of a step, drawn from the calibration tokens.
        learning_rate: of AdamW, falling to zero as a cosine.
        before: widths to train at first, an equal share of the steps each, as "8-4"; none if empty.
    """

    title: ClassVar[str] = "Quantization-aware training"
    paper: ClassVar[str] = "Jacob et al. 2018, section 3"

    def layer(self) -> type[RoundedLinear]:
        """The layer that is trained in the place of each linear one."""
        from interlock.surgery.quantization_aware import RoundedLinear

        return RoundedLinear


TECHNIQUE = Qat()
