"""Tile-vector-wise sparsity: columns of tiles are removed, and what stays is N:M sparse.

source:  Guo et al. 2024, Accelerating sparse DNNs based on tiled GEMM
departs: scored by weights and activations as Wanda scores single weights, in one shot and without an update; the paper
         prunes in stages with fine-tuning.
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
class TileVectorWise(Technique):
    """Sparsity in columns of tiles, and N:M inside.

    Args:
        share: of the weights that is removed, both ways together.
        tile: rows that keep the same columns.
        pattern: "N:M" inside a tile.
    """

    title: ClassVar[str] = "tile-vector-wise sparsity"
    paper: ClassVar[str] = "Guo et al. 2024, Accelerating sparse DNNs based on tiled GEMM"

    share: float = 0.75
    tile: int = 32
    pattern: str = "2:4"

    def __post_init__(self) -> None:
        if not 0 <= self.share < 1 or self.tile < 1:
            found = f"share {self.share}, tile {self.tile}"
            raise InputError("tile-vector-wise", found, "a share below 1 and a tile from 1")

    def effects(self) -> tuple[Effect, ...]:
        """Kept values, their places (2 bits each for 2:4) and a bit for each column of a tile."""
        return (HeldShare("tile-vector-wise", 1 - self.share, 2 * (1 - self.share) + 1 / self.tile),)

    def apply(self, model: nn.Module, calibration: Calibration | None = None) -> Applied:
        """Prune every linear layer of the blocks, calibrated in sequence."""
        from interlock.surgery.applied import Ledger
        from interlock.surgery.calibration import required
        from interlock.surgery.sparse_runs import whole_groups
        from interlock.surgery.tile_vectors import tile_vector_change
        from interlock.surgery.walk import rebuild

        ledger, counted = Ledger(), {"held": 0, "bits": 0, "all": 0}
        change = tile_vector_change(ledger, self.share, self.tile, whole_groups(self.pattern), counted)
        rebuild(model, required(calibration, self.title), change)
        share, beside = counted["held"] / counted["all"], counted["bits"] / counted["all"]
        return ledger.close(model, (HeldShare("tile-vector-wise", share, beside),))


TECHNIQUE = TileVectorWise()
