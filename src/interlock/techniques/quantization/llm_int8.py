"""LLM.int8(): 8-bit products with a scale a token and a row, and 16 bits for the few features that hold outliers.

source:  Dettmers et al. 2022, LLM.int8(), sections 2.1 (vector-wise quantization), 3.2 (decomposition), equation 8
keeps:   with a threshold of 0 every feature is an outlier, and the layer is the fp16 layer.
departs: which features are outliers is learned from calibration, so that their weights can be stored in fp16 and the
         rest in int8; features that reach the threshold later are multiplied wide as well, with weights that have 8
         bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from interlock.effects import ActivationFormat, Effect, WeightFormat, WideColumns
from interlock.techniques.base import Technique

if TYPE_CHECKING:
    from torch import nn

    from interlock.surgery.applied import Applied
    from interlock.surgery.calibration import Calibration


@dataclass(frozen=True, slots=True, kw_only=True)
class LlmInt8(Technique):
    """Vector-wise W8A8 with outlier features apart.

    Args:
        threshold: magnitude from which a feature is an outlier.
        wide_share: features that the predictor takes to be outliers; a model's own share is found when it is applied.
    """

    title: ClassVar[str] = "LLM.int8()"
    paper: ClassVar[str] = "Dettmers et al. 2022, LLM.int8(), section 3.2, equation 8"

    threshold: float = 6.0
    wide_share: float = 0.001

    def effects(self) -> tuple[Effect, ...]:
        """8-bit integers on both sides, a few columns in fp16."""
        return (WeightFormat("int8"), WideColumns("fp16", self.wide_share), ActivationFormat("int8"))

    def apply(self, model: nn.Module, calibration: Calibration | None = None) -> Applied:
        """Split every layer of the blocks by the features whose calibration inputs reach the threshold."""
        from interlock.surgery.applied import Ledger
        from interlock.surgery.calibration import required
        from interlock.surgery.decomposition import split_outliers

        ledger = Ledger()
        share = split_outliers(model, required(calibration, self.title), self.threshold, ledger)
        return ledger.close(model, (WeightFormat("int8"), WideColumns("fp16", share), ActivationFormat("int8")))


TECHNIQUE = LlmInt8()
