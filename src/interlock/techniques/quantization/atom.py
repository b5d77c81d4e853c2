"""Atom: 4 bits on both sides, with one group of outlier channels in 8 bits.

source:  Zhao et al. 2023, Atom, sections 4.1 to 4.4
departs: the paper writes every layer's outputs in the order that the next one reads; here each layer stores its order.
         Inputs are rounded as soon as their layer is changed, so later layers are calibrated with rounded inputs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from interlock.effects import ActivationFormat, Effect, KVFormat, WeightFormat, WideColumns
from interlock.techniques.base import Technique, integer_format

if TYPE_CHECKING:
    from torch import nn

    from interlock.surgery.applied import Applied
    from interlock.surgery.calibration import Calibration


@dataclass(frozen=True, slots=True, kw_only=True)
class Atom(Technique):
    """W4A4KV4 in groups, outlier channels in int8.

    Args:
        bits: of weights and inputs.
        wide_bits: of the outlier channels' weights and inputs.
        group_size: channels that share a scale; one group of each layer is wide.
        kv_bits: of the cache, asymmetric; 16 leaves it.
        kv_group_size: channels of a head that share a scale.
        damping: of the Hessian for rounding with feedback.
        wide_share: weights that the predictor takes to be wide, 128 of 4096 channels; a model's own share is found when
            it is applied.
    """

    title: ClassVar[str] = "Atom (W4A4KV4)"
    paper: ClassVar[str] = "Zhao et al. 2023, Atom, section 4"

    bits: int = 4
    wide_bits: int = 8
    group_size: int = 128
    kv_bits: int = 4
    kv_group_size: int = 128
    damping: float = 0.01
    wide_share: float = 0.03125

    def effects(self) -> tuple[Effect, ...]:
        """Grouped integers, a share of columns with 8 bits, 4-bit inputs and cache."""
        return self._with_share(self.wide_share)

    def _with_share(self, share: float) -> tuple[Effect, ...]:
        weights = (WeightFormat(integer_format(self.bits, self.group_size)), WideColumns(f"int{self.wide_bits}", share))
        cache = (KVFormat(integer_format(self.kv_bits, self.kv_group_size, asymmetric=True)),)
        return (*weights, ActivationFormat(f"int{self.bits}"), *(cache if self.kv_bits < 16 else ()))

    def apply(self, model: nn.Module, calibration: Calibration | None = None) -> Applied:
        """Reorder and round every linear layer of the blocks, its inputs, and the cache."""
        from interlock.surgery.applied import Ledger
        from interlock.surgery.calibration import required
        from interlock.surgery.grid import IntegerGrid
        from interlock.surgery.kv_groups import KVFormat as CacheFormat
        from interlock.surgery.kv_groups import quantize_kv
        from interlock.surgery.mixed import rounding_mixed
        from interlock.surgery.walk import rebuild

        ledger, counted = Ledger(), {"wide": 0, "all": 0}
        narrow, wide = (IntegerGrid(bits=bits, group_size=self.group_size) for bits in (self.bits, self.wide_bits))
        change = rounding_mixed(ledger, narrow, wide, self.damping, counted)
        rebuild(model, required(calibration, self.title), change)
        if self.kv_bits < 16:
            stored = CacheFormat(bits=self.kv_bits, group_size=self.kv_group_size)
            quantize_kv(model, stored, stored)
        return ledger.close(model, self._with_share(counted["wide"] / counted["all"]))


TECHNIQUE = Atom()
