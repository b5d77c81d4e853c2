"""AWQ: channels that see large activations are scaled up before rounding.

source:  Lin et al. 2023, AWQ, section 3.2, equations 4 and 5; the search of clipping ranges is that of its reference
         code
symbols: s = mean|X|^alpha, normalized; alpha from a grid; the weights s W are rounded, the inputs X / s come from the
         layer before.
departs: the error that alpha is chosen by is that of the linear layers that read the inputs, tr(dW H dW^T) over all
         calibration tokens; the reference takes a sample of tokens and, for attention, the output of the whole module.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from interlock.effects import Effect, WeightFormat
from interlock.techniques.base import Technique, integer_format

if TYPE_CHECKING:
    from torch import nn

    from interlock.surgery.applied import Applied
    from interlock.surgery.calibration import Calibration


@dataclass(frozen=True, slots=True, kw_only=True)
class Awq(Technique):
    """Activation-aware scaling, then asymmetric rounding in groups.

    Args:
        bits: of a weight.
        group_size: columns that share a scale; 0 for a whole row.
        steps: values of alpha tried, from 0.
        clip: whether ranges of groups are shrunk where that lowers the error.
    """

    title: ClassVar[str] = "AWQ"
    paper: ClassVar[str] = "Lin et al. 2023, AWQ, section 3"

    bits: int = 4
    group_size: int = 128
    steps: int = 20
    clip: bool = True

    def effects(self) -> tuple[Effect, ...]:
        """Grouped integers with zero points, 16-bit activations."""
        return (WeightFormat(integer_format(self.bits, self.group_size, asymmetric=True)),)

    def apply(self, model: nn.Module, calibration: Calibration | None = None) -> Applied:
        """Search scales and ranges block by block, with the unchanged model's activations, and round."""
        from interlock.surgery.activation_aware import scale_and_round
        from interlock.surgery.applied import Ledger
        from interlock.surgery.calibration import required
        from interlock.surgery.grid import IntegerGrid
        from interlock.surgery.walk import observe

        grid = IntegerGrid(bits=self.bits, group_size=self.group_size, symmetric=False)
        ledger = Ledger()
        observe(
            model,
            required(calibration, self.title),
            lambda known: scale_and_round(model, known, grid, ledger, steps=self.steps, clip=self.clip),
        )
        return ledger.close(model, self.effects())


TECHNIQUE = Awq()
