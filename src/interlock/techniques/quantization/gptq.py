"""GPTQ: columns are rounded one after the other, each correcting the error of those before.

source: Frantar et al. 2022, GPTQ, algorithm 1, section 4; activation order and static groups from its reference code
keeps:  layers that read the same input share one Hessian and are rounded together; each group of layers is calibrated
        on what the already rounded part of the model gives it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from interlock.effects import Effect, WeightFormat
from interlock.techniques.base import Technique, integer_format

if TYPE_CHECKING:
    from torch import Tensor, nn

    from interlock.surgery.applied import Applied
    from interlock.surgery.calibration import Calibration
    from interlock.surgery.stores import IntegerStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Gptq(Technique):
    """Second-order rounding of weights.

    Args:
        bits: of a weight.
        group_size: columns that share a scale; 0 for a whole row.
        symmetric: whether groups have no zero point.
        act_order: round the columns with the largest activations first.
        static_groups: fit the scales before rounding, so that groups stay together under `act_order`.
        damping: share of the mean diagonal that is added to the Hessian.
    """

    title: ClassVar[str] = "GPTQ"
    paper: ClassVar[str] = "Frantar et al. 2022, GPTQ, algorithm 1"

    bits: int = 4
    group_size: int = 128
    symmetric: bool = True
    act_order: bool = True
    static_groups: bool = True
    damping: float = 0.01

    def effects(self) -> tuple[Effect, ...]:
        """Grouped integers, 16-bit activations."""
        return (WeightFormat(integer_format(self.bits, self.group_size, asymmetric=not self.symmetric)),)

    def apply(self, model: nn.Module, calibration: Calibration | None = None) -> Applied:
        """Round every linear layer of the blocks, calibrated in sequence."""
        from interlock.surgery.applied import Ledger
        from interlock.surgery.calibration import required
        from interlock.surgery.grid import IntegerGrid
        from interlock.surgery.rounding import optimal_store
        from interlock.surgery.together import rounding_together
        from interlock.surgery.walk import rebuild

        grid = IntegerGrid(bits=self.bits, group_size=self.group_size, symmetric=self.symmetric)
        ledger = Ledger()

        def rounding(weight: Tensor, hessian: Tensor) -> IntegerStore:
            how = {"act_order": self.act_order, "static_groups": self.static_groups}
            return optimal_store(weight, hessian, grid, damping=self.damping, **how)

        change = rounding_together(ledger, grid, rounding)
        rebuild(model, required(calibration, self.title), change)
        return ledger.close(model, self.effects())


TECHNIQUE = Gptq()
