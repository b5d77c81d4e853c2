"""Flash-LLM: unstructured sparse weights are read in a compact form and expanded before a dense product.

source:  Xia et al. 2023, Flash-LLM: enabling cost-effective and highly-efficient large generative model inference with
         unstructured sparsity
keeps:   fewer bytes are read, no operation is saved.
departs: which weights stay is Wanda's choice; the paper leaves it to a pruning method with fine-tuning.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from interlock.effects import Effect, HeldShare
from interlock.errors import InputError
from interlock.techniques.base import Technique

if TYPE_CHECKING:
    from torch import nn

    from interlock.surgery.applied import Applied
    from interlock.surgery.calibration import Calibration
    from interlock.surgery.sparse_tiles import LayoutStore


@dataclass(frozen=True, slots=True, kw_only=True)
class FlashLlm(Technique):
    """Load as sparse, compute as dense.

    Args:
        share: of the weights that is removed.
        tile: rows and columns of a tile, at most 256.
    """

    title: ClassVar[str] = "Flash-LLM (load as sparse, compute as dense)"
    paper: ClassVar[str] = "Xia et al. 2023, Flash-LLM"

    share: float = 0.7
    tile: int = 128

    def __post_init__(self) -> None:
        if not 0 <= self.share < 1 or not 1 <= self.tile <= 256:
            raise InputError(
                "flash-llm", f"share {self.share}, tile {self.tile}", "a share below 1, a tile of 1 to 256"
            )

    def effects(self) -> tuple[Effect, ...]:
        """Kept values, each with a place of 16 bits; padding is counted when it is applied."""
        return (HeldShare("tiled CSL", 1 - self.share, 16 * (1 - self.share)),)

    def apply(self, model: nn.Module, calibration: Calibration | None = None) -> Applied:
        """Prune every linear layer of the blocks, calibrated in sequence, and store it in tiles."""
        from interlock.surgery.applied import Ledger
        from interlock.surgery.calibration import required
        from interlock.surgery.sparse_linear import by_scores, pruning_change, wanda_scores
        from interlock.surgery.sparse_tiles import in_tiles
        from interlock.surgery.walk import rebuild

        ledger, counted = Ledger(), {"held": 0, "bits": 0, "all": 0}

        def seen(store: LayoutStore, kept: int) -> None:
            counted["held"] += kept
            counted["bits"] += 8 * store.stored_bytes()["linear"] - 16 * kept
            counted["all"] += store.rows * store.columns

        pruning = in_tiles(by_scores(wanda_scores, self.share), self.tile, seen)
        rebuild(model, required(calibration, self.title), pruning_change(ledger, pruning, f"{100 * self.share:g}%"))
        share, beside = counted["held"] / counted["all"], counted["bits"] / counted["all"]
        return ledger.close(model, (HeldShare("tiled CSL", share, beside),))


TECHNIQUE = FlashLlm()
