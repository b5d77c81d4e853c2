"""KVQuant: keys by channel before positions, values by token, levels where the loss feels them, outliers apart.

source:  Hooper et al. 2024, KVQuant, sections 3.1 to 3.5
departs: see `interlock.surgery.kv_levels`: a fixed number of outliers a token, no Q-Norm. A forward pass over many
         tokens attends to the rounded cache.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from interlock.effects import Effect, KVBeside, KVFormat
from interlock.errors import InputError, shown
from interlock.techniques.base import Technique

if TYPE_CHECKING:
    from torch import nn

    from interlock.surgery.applied import Applied
    from interlock.surgery.calibration import Calibration


@dataclass(frozen=True, slots=True, kw_only=True)
class KvQuant(Technique):
    """A cache of non-uniform levels with outliers apart.

    Args:
        bits: of a code: 2, 3 or 4.
        outliers: share of a token's keys, and of its values, kept in fp16 with their places.
        sink: the first tokens, kept in 16 bits; the predictor leaves them out.
        levels: "weighted" k-means by sensitivity (the paper), "plain" k-means, or "uniform".
        keys: rounded "before" rotary positions (the paper) or "after".
    """

    title: ClassVar[str] = "KVQuant (non-uniform KV cache)"
    paper: ClassVar[str] = "Hooper et al. 2024, KVQuant, section 3"

    bits: int = 3
    outliers: float = 0.01
    sink: int = 1
    levels: str = "weighted"
    keys: str = "before"

    def __post_init__(self) -> None:
        if self.bits not in (2, 3, 4):
            raise InputError("bits", str(self.bits), "2, 3 or 4")
        if not 0 <= self.outliers < 1:
            raise InputError("outliers", str(self.outliers), "a share from 0 to below 1")
        if self.levels not in ("weighted", "plain", "uniform"):
            raise InputError("levels", shown(self.levels), "weighted, plain or uniform")
        if self.keys not in ("before", "after"):
            raise InputError("keys", shown(self.keys), "before or after")

    def effects(self) -> tuple[Effect, ...]:
        """Narrow codes and outliers; whole outliers, and the ranges of values, are counted when it is applied."""
        return (KVFormat(f"int{self.bits}"), KVBeside("outliers and ranges", 32 * self.outliers))

    def apply(self, model: nn.Module, calibration: Calibration | None = None) -> Applied:
        """Learn levels and ranges on the calibration tokens, and give every forward pass such a cache."""
        from interlock.surgery.applied import Ledger
        from interlock.surgery.calibration import required
        from interlock.surgery.kv_levels import learn_levels

        ledger = Ledger()
        beside = learn_levels(
            model,
            required(calibration, self.title),
            bits=self.bits,
            share=self.outliers,
            sink=self.sink,
            choice=self.levels,
            before=self.keys == "before",
        )
        return ledger.close(model, (KVFormat(f"int{self.bits}"), KVBeside("outliers and ranges", beside)))


TECHNIQUE = KvQuant()
