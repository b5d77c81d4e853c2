"""NF4 with double quantization, the storage of QLoRA.

source: Dettmers et al. 2023, QLoRA, section 3
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from interlock.effects import Effect, WeightFormat
from interlock.techniques.base import Technique

if TYPE_CHECKING:
    from torch import nn

    from interlock.surgery.applied import Applied
    from interlock.surgery.calibration import Calibration


@dataclass(frozen=True, slots=True, kw_only=True)
class Nf4(Technique):
    """Normal-float quantiles in blocks of 64, scales quantized again."""

    title: ClassVar[str] = "NF4, double quantization"
    paper: ClassVar[str] = "Dettmers et al. 2023, QLoRA, section 3"

    def effects(self) -> tuple[Effect, ...]:
        """4.127 bits a weight, 16-bit activations."""
        return (WeightFormat("nf4-dq"),)

    def apply(self, model: nn.Module, calibration: Calibration | None = None) -> Applied:
        """Round every linear layer of the blocks; needs no calibration."""
        from interlock.surgery.applied import Ledger
        from interlock.surgery.nearest import codec_storage, store_linears

        ledger = Ledger()
        store_linears(model, ledger, codec_storage("nf4-dq"))
        return ledger.close(model, self.effects())


TECHNIQUE = Nf4()
