"""What techniques share that train weights as they will be rounded: parameters, effects, and the run."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

from interlock.effects import Effect, WeightFormat
from interlock.errors import InputError, shown
from interlock.techniques.base import Technique, integer_format

if TYPE_CHECKING:
    from torch import nn

    from interlock.surgery.applied import Applied
    from interlock.surgery.calibration import Calibration
    from interlock.surgery.quantization_aware import RoundedLinear


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedRounding(Technique):
    """Weights trained through their rounding; what each parameter is, its techniques say."""

    bits: int = 4
    group_size: int = 128
    steps: int = 100
    batch: int = 4
    learning_rate: float = 0.0001
    before: str = ""

    def __post_init__(self) -> None:
        if not all(part in ("2", "3", "4", "8") for part in self.before.split("-") if self.before):
            raise InputError("before", shown(self.before), "widths among 2, 3, 4 and 8, as in 8-4")

    @abstractmethod
    def layer(self) -> type[RoundedLinear]:
        """The layer that is trained in the place of each linear one."""

    def effects(self) -> tuple[Effect, ...]:
        """Grouped integers, 16-bit activations."""
        return (WeightFormat(integer_format(self.bits, self.group_size)),)

    def apply(self, model: nn.Module, calibration: Calibration | None = None) -> Applied:
        """Train every linear layer of the blocks on the calibration tokens, then round."""
        from interlock.surgery.applied import Ledger
        from interlock.surgery.calibration import required
        from interlock.surgery.grid import IntegerGrid
        from interlock.surgery.quantization_aware import train_rounded

        ledger = Ledger()
        widths = [int(part) for part in [*self.before.split("-"), str(self.bits)] if part]
        grids = [IntegerGrid(bits=bits, group_size=self.group_size) for bits in widths]
        settings = {"steps": self.steps, "batch": self.batch, "learning_rate": self.learning_rate}
        train_rounded(model, required(calibration, self.title), grids, self.layer(), ledger, settings)
        return ledger.close(model, self.effects())
