"""FP8: weights and activations in E4M3 with scales.

source: Micikevicius et al. 2022, FP8 Formats for Deep Learning
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from interlock.effects import ActivationFormat, Effect, WeightFormat
from interlock.techniques.base import Technique

if TYPE_CHECKING:
    from torch import nn

    from interlock.surgery.applied import Applied
    from interlock.surgery.calibration import Calibration


@dataclass(frozen=True, slots=True, kw_only=True)
class Fp8(Technique):
    """W8A8 in floating point: weights with a scale a row, inputs with a scale a token, found when the token comes."""

    title: ClassVar[str] = "FP8 (W8A8)"
    paper: ClassVar[str] = "Micikevicius et al. 2022, FP8 Formats for Deep Learning"

    def effects(self) -> tuple[Effect, ...]:
        """E4M3 on both sides of every linear layer."""
        return (WeightFormat("fp8-e4m3"), ActivationFormat("fp8-e4m3"))

    def apply(self, model: nn.Module, calibration: Calibration | None = None) -> Applied:
        """Round every linear layer of the blocks and its input; needs no calibration."""
        from interlock.surgery.applied import Ledger
        from interlock.surgery.inputs import FloatTokenQuantizer
        from interlock.surgery.nearest import codec_storage, store_linears

        ledger = Ledger()
        store_linears(model, ledger, codec_storage("fp8-e4m3"), lambda name: [FloatTokenQuantizer()])
        return ledger.close(model, self.effects())


TECHNIQUE = Fp8()
