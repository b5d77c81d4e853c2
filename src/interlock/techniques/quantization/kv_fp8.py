"""An FP8 KV cache.

source: vLLM documentation, quantized KV cache; format: Micikevicius et al. 2022
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from interlock.effects import Effect, KVFormat
from interlock.techniques.base import Technique

if TYPE_CHECKING:
    from torch import nn

    from interlock.surgery.applied import Applied
    from interlock.surgery.calibration import Calibration


@dataclass(frozen=True, slots=True, kw_only=True)
class KvFp8(Technique):
    """Keys and values in E4M3, with a scale of 1 as engines have it by default; larger values are clipped to 448."""

    title: ClassVar[str] = "FP8 KV cache"
    paper: ClassVar[str] = "vLLM documentation, quantized KV cache"

    def effects(self) -> tuple[Effect, ...]:
        """Half the bytes of a 16-bit cache."""
        return (KVFormat("fp8-e4m3"),)

    def apply(self, model: nn.Module, calibration: Calibration | None = None) -> Applied:
        """Give every forward pass an FP8 cache."""
        from interlock.surgery.applied import Ledger
        from interlock.surgery.kv_groups import KVFormat as CacheFormat
        from interlock.surgery.kv_groups import quantize_kv

        ledger = Ledger()
        quantize_kv(model, CacheFormat(floating=True), CacheFormat(floating=True))
        return ledger.close(model, self.effects())


TECHNIQUE = KvFp8()
