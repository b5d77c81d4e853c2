"""LQ decomposition: narrow weights plus a thin product that takes up what rounding leaves.

source:  Guo et al. 2023, LQ-LoRA, algorithm 1
departs: integers in groups instead of NF4; no search of widths per matrix, and the factors are not trained.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from interlock.effects import Effect, HeldShare, WeightFormat
from interlock.errors import InputError
from interlock.techniques.base import Technique, integer_format

if TYPE_CHECKING:
    from torch import nn

    from interlock.surgery.applied import Applied
    from interlock.surgery.calibration import Calibration


@dataclass(frozen=True, slots=True, kw_only=True)
class Lq(Technique):
    """Low rank plus quantized.

    Args:
        bits: of a weight.
        group_size: columns that share a scale; 0 for a whole row.
        rank: of the product in fp16.
        rounds: of quantizing and factoring in turn.
    """

    title: ClassVar[str] = "LQ decomposition (low rank plus quantized)"
    paper: ClassVar[str] = "Guo et al. 2023, LQ-LoRA, algorithm 1"

    bits: int = 3
    group_size: int = 64
    rank: int = 16
    rounds: int = 5

    def __post_init__(self) -> None:
        if self.rank < 1 or self.rounds < 1:
            raise InputError("lq", f"rank {self.rank}, {self.rounds} rounds", "at least one of each")

    def effects(self) -> tuple[Effect, ...]:
        """Grouped integers; what the factors take is found when it is applied."""
        return (WeightFormat(integer_format(self.bits, self.group_size)), HeldShare("low rank beside", 1.0))

    def apply(self, model: nn.Module, calibration: Calibration | None = None) -> Applied:
        """Decompose every linear layer of the blocks; calibration is not looked at."""
        from interlock.surgery.applied import Ledger
        from interlock.surgery.factoring import decompose_linears, share_of
        from interlock.surgery.grid import IntegerGrid

        ledger, counted = Ledger(), {"held": 0, "all": 0}
        grid = IntegerGrid(bits=self.bits, group_size=self.group_size)
        decompose_linears(model, grid, self.rank, self.rounds, ledger, counted)
        beside = HeldShare("low rank beside", 1.0, 16 * share_of(counted))
        return ledger.close(model, (WeightFormat(integer_format(self.bits, self.group_size)), beside))


TECHNIQUE = Lq()
