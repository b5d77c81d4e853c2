"""Round to nearest: one scale for each group of weights, nothing learned.

source: folklore; the baseline of Frantar et al. 2022 (GPTQ), section 4; per token rounding of activations as in Yao et
        al. 2022, ZeroQuant, section 4.1
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from interlock.effects import ActivationFormat, Effect, WeightFormat
from interlock.techniques.base import Technique, integer_format

if TYPE_CHECKING:
    from torch import nn

    from interlock.surgery.applied import Applied
    from interlock.surgery.calibration import Calibration


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundToNearest(Technique):
    """Weights rounded to the nearest multiple of their group's scale.

    Args:
        bits: of a weight.
        group_size: columns that share a scale; 0 for a whole row.
        symmetric: whether groups have no zero point.
        per_tensor: one scale for a whole layer; with a group size of 0 only.
        format: a number format instead, such as mxfp4, nvfp4, nf4 or fp8-e4m3; the integers above are then not used.
        activation_bits: inputs of the layers rounded per token, symmetrically; 16 leaves them.
    """

    title: ClassVar[str] = "Round to nearest (RTN)"
    paper: ClassVar[str] = "folklore; the baseline of Frantar et al. 2022 (GPTQ), section 4"

    bits: int = 4
    group_size: int = 128
    symmetric: bool = True
    per_tensor: bool = False
    format: str = ""
    activation_bits: int = 16

    def effects(self) -> tuple[Effect, ...]:
        """Grouped integers or the named format, 16-bit activations unless said otherwise."""
        weights = WeightFormat(self.format or integer_format(self.bits, self.group_size, asymmetric=not self.symmetric))
        if self.activation_bits == 16:
            return (weights,)
        return (weights, ActivationFormat(f"int{self.activation_bits}"))

    def apply(self, model: nn.Module, calibration: Calibration | None = None) -> Applied:
        """Round every linear layer of the blocks; needs no calibration."""
        from interlock.surgery.applied import Ledger
        from interlock.surgery.grid import IntegerGrid
        from interlock.surgery.inputs import TokenQuantizer
        from interlock.surgery.nearest import codec_storage, grid_storage, store_linears

        ledger = Ledger()
        if self.format:
            storage = codec_storage(self.format)
        else:
            storage = grid_storage(
                IntegerGrid(
                    bits=self.bits, group_size=self.group_size, symmetric=self.symmetric, per_tensor=self.per_tensor
                )
            )
        wide = self.activation_bits == 16
        store_linears(model, ledger, storage, None if wide else lambda name: [TokenQuantizer(self.activation_bits)])
        return ledger.close(model, self.effects())


TECHNIQUE = RoundToNearest()
