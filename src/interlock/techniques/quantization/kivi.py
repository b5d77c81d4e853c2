"""KIVI: keys rounded by channel, values by token, the latest tokens in full.

source:  Liu et al. 2024, KIVI, sections 3.2 and 3.3, algorithm 1
keeps:   groups of keys are whole, so the cache packs keys in blocks of `group_size` tokens.
departs: values are packed in the same blocks as keys; the paper packs one value token whenever one enters. A forward
         pass over many tokens attends to the rounded cache, where the paper's prefill still attends to the original
         keys.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from interlock.effects import Effect, KVFormat
from interlock.errors import InputError, shown
from interlock.techniques.base import Technique

if TYPE_CHECKING:
    from torch import nn

    from interlock.surgery.applied import Applied
    from interlock.surgery.calibration import Calibration


@dataclass(frozen=True, slots=True, kw_only=True)
class Kivi(Technique):
    """A 2-bit cache without tuning.

    Args:
        bits: of a key or value element.
        group_size: successive tokens of a key's channel, and channels of a value, that share a scale and a minimum.
        residual: the latest tokens, kept in 16 bits; the predictor leaves them out.
        keys: what a key's group lies in, "channel" (the paper) or "token" (its baseline).
    """

    title: ClassVar[str] = "KIVI (2-bit KV cache)"
    paper: ClassVar[str] = "Liu et al. 2024, KIVI, algorithm 1"

    bits: int = 2
    group_size: int = 32
    residual: int = 128
    keys: str = "channel"

    def __post_init__(self) -> None:
        if self.keys not in ("channel", "token"):
            raise InputError("keys", shown(self.keys), "channel or token")

    def effects(self) -> tuple[Effect, ...]:
        """Grouped integers with an fp16 scale and an fp16 minimum."""
        return (KVFormat(f"int{self.bits}-g{self.group_size}-min"),)

    def apply(self, model: nn.Module, calibration: Calibration | None = None) -> Applied:
        """Give every forward pass such a cache."""
        from interlock.surgery.applied import Ledger
        from interlock.surgery.kv_groups import KVFormat as CacheFormat
        from interlock.surgery.kv_groups import quantize_kv

        ledger = Ledger()
        value = CacheFormat(bits=self.bits, group_size=self.group_size, real_minimum=True)
        by_channel = CacheFormat(bits=self.bits, group_size=self.group_size, along="channel", real_minimum=True)
        quantize_kv(model, by_channel if self.keys == "channel" else value, value, residual=self.residual)
        return ledger.close(model, self.effects())


TECHNIQUE = Kivi()
