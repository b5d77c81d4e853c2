"""Deep Compression: small weights go, the others share a few values, and Huffman codes store which and where.

source:  Han et al. 2016, Deep Compression, sections 2 to 4
departs: no retraining between the steps; one share for all layers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from interlock.effects import Effect, HeldShare, WeightFormat
from interlock.errors import InputError
from interlock.techniques.base import Technique

if TYPE_CHECKING:
    from torch import nn

    from interlock.surgery.applied import Applied
    from interlock.surgery.calibration import Calibration


@dataclass(frozen=True, slots=True, kw_only=True)
class DeepCompression(Technique):
    """Pruning, weight sharing and Huffman codes.

    Args:
        share: of each layer's weights that is removed.
        bits: of an index, before Huffman; a layer shares 2^bits values.
        gap_bits: of the distance to the next kept weight, before Huffman.
    """

    title: ClassVar[str] = "Deep Compression"
    paper: ClassVar[str] = "Han et al. 2016, Deep Compression, sections 2 to 4"

    share: float = 0.5
    bits: int = 4
    gap_bits: int = 4

    def __post_init__(self) -> None:
        if not 0 <= self.share < 1:
            raise InputError("share", str(self.share), "0 to below 1")
        if self.bits not in (2, 3, 4, 8) or not 1 <= self.gap_bits <= 8:
            raise InputError("deep-compression", f"{self.bits} and {self.gap_bits} bits", "2, 3, 4 or 8, and 1 to 8")

    def effects(self) -> tuple[Effect, ...]:
        """Indices and gaps as wide as they are without Huffman; what its codes take is found when it is applied."""
        kept = 1 - self.share
        return (WeightFormat(f"int{self.bits}"), HeldShare("shared values", kept, self.gap_bits * kept))

    def apply(self, model: nn.Module, calibration: Calibration | None = None) -> Applied:
        """Compress every linear layer of the blocks; calibration is not looked at."""
        import torch

        from interlock.surgery.applied import Ledger
        from interlock.surgery.nearest import store_linears
        from interlock.surgery.shared_values import SharedValueStore
        from interlock.surgery.sparse_masks import chosen_mask

        ledger, counted = Ledger(), {"held": 0, "bits": 0, "all": 0, "least": 0.0}

        def storage(weight: torch.Tensor) -> SharedValueStore:
            mask = chosen_mask(weight.abs(), self.share, by_row=False)
            store = SharedValueStore(weight, mask, self.bits, self.gap_bits)
            counted["held"] += int(mask.sum())
            counted["bits"] += 8 * store.stored_bytes()["linear"]
            counted["all"] += weight.numel()
            counted["least"] += store.least_bits
            return store

        store_linears(model, ledger, storage)
        share = counted["held"] / counted["all"]
        ledger.notes.append(f"{counted['bits'] / counted['least'] - 1:.2%} more bits than the symbols' entropy")
        beside = HeldShare("shared values", share, counted["bits"] / counted["all"] - self.bits * share)
        return ledger.close(model, (WeightFormat(f"int{self.bits}"), beside))


TECHNIQUE = DeepCompression()
