"""HQQ: zero points fitted so that the error is sparse; no data needed.

source: Badri and Shaji 2023, Half-Quadratic Quantization of Large Machine Learning Models
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
class Hqq(Technique):
    """Half-quadratic quantization.

    Args:
        bits: of a weight.
        group_size: columns that share a scale and a zero point, both in fp16; 0 for a whole row.
    """

    title: ClassVar[str] = "HQQ"
    paper: ClassVar[str] = "Badri and Shaji 2023, Half-Quadratic Quantization of Large Machine Learning Models"

    bits: int = 4
    group_size: int = 64

    def effects(self) -> tuple[Effect, ...]:
        """Grouped integers with fp16 zero points, 16-bit activations."""
        return (WeightFormat(f"int{self.bits}-g{self.group_size}-min" if self.group_size else f"int{self.bits}"),)

    def apply(self, model: nn.Module, calibration: Calibration | None = None) -> Applied:
        """Round every linear layer of the blocks; needs no calibration."""
        from interlock.surgery.applied import Ledger
        from interlock.surgery.grid import IntegerGrid
        from interlock.surgery.half_quadratic import half_quadratic_store
        from interlock.surgery.nearest import store_linears

        ledger = Ledger()
        grid = IntegerGrid(bits=self.bits, group_size=self.group_size, symmetric=False)
        store_linears(model, ledger, lambda weight: half_quadratic_store(weight, grid))
        return ledger.close(model, self.effects())


TECHNIQUE = Hqq()
