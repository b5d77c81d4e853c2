"""An FP8 KV cache.

source: vLLM documentation, quantized KV cache
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from interlock.effects import Effect, KVFormat
from interlock.techniques.base import Technique


@dataclass(frozen=True, slots=True, kw_only=True)
class KvFp8(Technique):
    """Keys and values in E4M3."""

    title: ClassVar[str] = "FP8 KV cache"
    paper: ClassVar[str] = "vLLM documentation, quantized KV cache"

    def effects(self) -> tuple[Effect, ...]:
        """Half the bytes of a 16-bit cache."""
        return (KVFormat("fp8-e4m3"),)


TECHNIQUE = KvFp8()
