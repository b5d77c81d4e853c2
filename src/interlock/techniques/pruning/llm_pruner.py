"""LLM-Pruner: coupled heads and channels of least first-order importance are removed; smaller dense layers stay.

source:  Ma et al. 2023, LLM-Pruner, sections 3.1 to 3.3
departs: every layer loses the same share, so that a config describes the result; recovery learns from the calibration
         tokens, where the paper has instructions, and is its LoRA with a `rank` above 0. Heads go by KV head, with the
         queries that read it. Where heads share one matrix for queries, keys and values (GPT-NeoX), channels alone are
         removed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from interlock.effects import Effect, Narrowed
from interlock.errors import InputError, shown
from interlock.techniques.base import Technique

if TYPE_CHECKING:
    from torch import nn

    from interlock.surgery.applied import Applied
    from interlock.surgery.calibration import Calibration


@dataclass(frozen=True, slots=True, kw_only=True)
class LlmPruner(Technique):
    """Structured pruning.

    Args:
        heads: share of KV heads that stays; what is left must divide the model's width.
        channels: share of the network's channels that stays.
        importance: "taylor", "magnitude" or "random".
        steps: of recovery; 0 for none.
        rank: of the adapters (LoRA) that recovery trains and merges; 0 trains all that is left instead.
        learning_rate: of recovery.
    """

    title: ClassVar[str] = "LLM-Pruner"
    paper: ClassVar[str] = "Ma et al. 2023, LLM-Pruner, section 3"

    heads: float = 0.5
    channels: float = 0.75
    importance: str = "taylor"
    steps: int = 0
    rank: int = 0
    learning_rate: float = 0.001

    def __post_init__(self) -> None:
        if self.importance not in ("taylor", "magnitude", "random"):
            raise InputError("importance", shown(self.importance), "taylor, magnitude or random")

    def effects(self) -> tuple[Effect, ...]:
        """Fewer heads and channels."""
        return (Narrowed("structured pruning", self.heads, self.channels),)

    def apply(self, model: nn.Module, calibration: Calibration | None = None) -> Applied:
        """Narrow every block, and train what is left if there are steps."""
        from interlock.surgery.adapters import train_adapters
        from interlock.surgery.applied import Ledger
        from interlock.surgery.calibration import required
        from interlock.surgery.decoder import linears
        from interlock.surgery.linear import checked
        from interlock.surgery.narrowing import at_random, magnitude, narrow, taylor
        from interlock.surgery.training import train

        ledger, data = Ledger(), required(calibration, self.title)
        checked(linears(model))
        if self.importance == "taylor":
            score = taylor(model, data)
        else:
            score = magnitude if self.importance == "magnitude" else at_random(data.seed)
        kinds = narrow(model, score, self.heads, self.channels)
        if self.steps:
            settings = {"steps": self.steps, "learning_rate": self.learning_rate}
            trained = [part for layer in linears(model).values() for part in layer.parameters()]
            losses = (
                train_adapters(model, data, self.rank, **settings)
                if self.rank
                else train(model, data, trained, steps=self.steps, learning_rate=self.learning_rate)
            )
            ledger.notes.append(f"recovered in {len(losses)} steps, loss {losses[0]:.4f} to {losses[-1]:.4f}")
        for name, layer in linears(model).items():
            ledger.enter(name, layer)
        if "heads" not in kinds:
            ledger.notes.append("queries, keys and values share a matrix, so no head was removed")
        heads = self.heads if "heads" in kinds else 1.0
        return ledger.close(model, (Narrowed("structured pruning", heads, self.channels),))


TECHNIQUE = LlmPruner()
