"""SmoothQuant: outliers of activations are moved into the weights, then both have 8 bits.

source:  Xiao et al. 2022, SmoothQuant, equations 3 and 4, section 5.1 (its settings O1 and O3)
symbols: s_j = max|X_j|^alpha / max|W_j|^(1 - alpha) for input feature j; X / s goes into the norm before, s W into the
         weights.
keeps:   before rounding, the model's function.
departs: the products inside attention stay wide; the paper rounds them, too. Weights have a scale a row, which the
         paper's later releases use, where its tables have one a tensor.
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
class SmoothQuant(Technique):
    """W8A8 with one scale a channel.

    Args:
        alpha: share of the difficulty that moves into the weights, 0 to 1.
        bits: of weights and activations.
        static: one scale for all inputs of a layer, from calibration, instead of one a token.
    """

    title: ClassVar[str] = "SmoothQuant (W8A8)"
    paper: ClassVar[str] = "Xiao et al. 2022, SmoothQuant, equations 3 and 4"

    alpha: float = 0.5
    bits: int = 8
    static: bool = False

    def effects(self) -> tuple[Effect, ...]:
        """8-bit integers on both sides of every linear layer."""
        return (WeightFormat(f"int{self.bits}"), ActivationFormat(f"int{self.bits}"))

    def apply(self, model: nn.Module, calibration: Calibration | None = None) -> Applied:
        """Smooth the layers behind norms, then round all layers of the blocks and their inputs."""
        from interlock.surgery.applied import Ledger
        from interlock.surgery.calibration import required
        from interlock.surgery.grid import IntegerGrid
        from interlock.surgery.inputs import TensorQuantizer, TokenQuantizer
        from interlock.surgery.nearest import grid_storage, store_linears
        from interlock.surgery.smoothing import smooth

        ledger = Ledger()
        largest = smooth(model, required(calibration, self.title), self.alpha)
        store_linears(
            model,
            ledger,
            grid_storage(IntegerGrid(bits=self.bits, full_range=False)),
            lambda name: [TensorQuantizer(self.bits, largest[name]) if self.static else TokenQuantizer(self.bits)],
        )
        return ledger.close(model, self.effects())


TECHNIQUE = SmoothQuant()
