"""QuaRot: rotations remove outliers, so that weights, activations and caches have 4 bits.

source:  Ashkboos et al. 2024, QuaRot, sections 4 and 5
keeps:   without rounding, the model's logits up to 1e-3. Rotations of the residual stream and of each head's values are
         inside the weights; those of down_proj's input and across heads are applied when the input comes.
departs: where a width has no known Hadamard matrix, its odd part is turned by a random orthogonal matrix; the notes say
         where. Keys are turned back when they are read, which is what turning the query does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from interlock.effects import ActivationFormat, Effect, KVFormat, WeightFormat
from interlock.errors import InputError, shown
from interlock.techniques.base import Technique, integer_format

if TYPE_CHECKING:
    from torch import nn

    from interlock.surgery.applied import Applied
    from interlock.surgery.calibration import Calibration


@dataclass(frozen=True, slots=True, kw_only=True)
class QuaRot(Technique):
    """W4A4KV4 after Hadamard rotations.

    Args:
        bits: of a weight, one scale a row; 16 leaves weights as they are after rotating.
        activation_bits: of a layer's input, one scale a token; 16 leaves them.
        kv_bits: of the cache, asymmetric; 16 leaves it.
        kv_group_size: channels of a head that share a scale.
        weights: "gptq" or "rtn".
        clip: share of a token's range that its scale covers.
        damping: of GPTQ's Hessian.
    """

    title: ClassVar[str] = "QuaRot (W4A4KV4)"
    paper: ClassVar[str] = "Ashkboos et al. 2024, QuaRot, sections 4 and 5"

    bits: int = 4
    activation_bits: int = 4
    kv_bits: int = 4
    kv_group_size: int = 128
    weights: str = "gptq"
    clip: float = 0.9
    damping: float = 0.01

    def __post_init__(self) -> None:
        if self.weights not in ("gptq", "rtn"):
            raise InputError("weights", shown(self.weights), "gptq or rtn")

    def effects(self) -> tuple[Effect, ...]:
        """4-bit integers for weights and activations, groups with zero points in the cache."""
        narrow: list[Effect] = []
        if self.bits < 16:
            narrow.append(WeightFormat(f"int{self.bits}"))
        if self.activation_bits < 16:
            narrow.append(ActivationFormat(f"int{self.activation_bits}"))
        if self.kv_bits < 16:
            narrow.append(KVFormat(integer_format(self.kv_bits, self.kv_group_size, asymmetric=True)))
        return tuple(narrow)

    def apply(self, model: nn.Module, calibration: Calibration | None = None) -> Applied:
        """Rotate, round weights, then round inputs and the cache."""
        from interlock.surgery.applied import Ledger
        from interlock.surgery.calibration import required
        from interlock.surgery.grid import IntegerGrid
        from interlock.surgery.inputs import TokenQuantizer
        from interlock.surgery.kv_groups import KVFormat as CacheFormat
        from interlock.surgery.kv_groups import quantize_kv
        from interlock.surgery.nearest import grid_storage, stage_linears, store_linears
        from interlock.surgery.rotate import rotate
        from interlock.surgery.rounding import optimal_store
        from interlock.surgery.together import rounding_together
        from interlock.surgery.walk import rebuild

        ledger = Ledger()
        turned = rotate(model, seed=0 if calibration is None else calibration.seed)
        ledger.notes.extend(turned.notes)
        if self.bits < 16:
            grid = IntegerGrid(bits=self.bits)
            if self.weights == "gptq":
                change = rounding_together(
                    ledger, grid, lambda weight, hessian: optimal_store(weight, hessian, grid, damping=self.damping)
                )
                rebuild(model, required(calibration, self.title), change)
            else:
                store_linears(model, ledger, grid_storage(grid))
        if self.activation_bits < 16:
            stage_linears(model, lambda name: [TokenQuantizer(self.activation_bits, clip=self.clip)])
        if self.kv_bits < 16:
            stored = CacheFormat(bits=self.kv_bits, group_size=self.kv_group_size)
            quantize_kv(model, stored, stored, turn=turned.keys)
        return ledger.close(model, self.effects())


TECHNIQUE = QuaRot()
