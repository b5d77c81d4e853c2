"""Tile-wise sparsity: columns of tiles of rows are removed; what is left of each tile is dense.

source:  Guo et al. 2020, Accelerating sparse DNN models without hardware support via tile-wise sparsity, section IV
departs: columns are scored by weights and activations as Wanda scores single weights, in one shot, and what stays is
         refitted by least squares; the paper prunes by gradients in stages with fine-tuning, and removes rows of tiles,
         too.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class TileWise(Technique):
    """Sparsity in columns of tiles.

    Args:
        share: of the weights that is removed.
        tile: rows that keep the same columns.
        refit: whether what stays is refitted to the layer's outputs.
        damping: share of the mean diagonal that is added to the Hessian of a refit.
    """

    title: ClassVar[str] = "tile-wise sparsity"
    paper: ClassVar[str] = "Guo et al. 2020, tile-wise sparsity, section IV"

    share: float = 0.5
    tile: int = 32
    refit: bool = True
    damping: float = 0.01

    def __post_init__(self) -> None:
        if not 0 <= self.share < 1 or self.tile < 1:
            raise InputError("tile-wise", f"share {self.share}, tile {self.tile}", "a share below 1 and a tile from 1")

    def effects(self) -> tuple[Effect, ...]:
        """Kept values and a bit for each column of a tile."""
        return (HeldShare("tile-wise", 1 - self.share, 1 / self.tile),)

    def apply(self, model: nn.Module, calibration: Calibration | None = None) -> Applied:
        """Prune every linear layer of the blocks, calibrated in sequence."""
        from interlock.surgery.applied import Ledger
        from interlock.surgery.calibration import required
        from interlock.surgery.tiles import tiling_change
        from interlock.surgery.walk import rebuild

        ledger, counted = Ledger(), {"held": 0, "all": 0}
        change = tiling_change(ledger, self.share, self.tile, counted, self.damping if self.refit else None)
        rebuild(model, required(calibration, self.title), change)
        return ledger.close(model, (HeldShare("tile-wise", counted["held"] / counted["all"], 1 / self.tile),))


TECHNIQUE = TileWise()
