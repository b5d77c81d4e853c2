"""Tile-vector-wise sparsity: what tile-wise pruning leaves of a tile is N:M sparse along its kept columns.

source:  Guo et al. 2024, Accelerating sparse DNNs based on tiled GEMM (TVW: tile-wise for the cores that are there, 2:4
         inside tiles for sparse tensor cores).
symbols: a tile is G neighbouring rows; k of its columns stay, a multiple of M; of every M neighbours among them a row
         keeps N.
keeps:   both constraints in every tile. A tile's kept columns are a bitmap, a kept weight's place in its group
         ceil(log2 M) bits, its value bf16.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from interlock.surgery.applied import Ledger
from interlock.surgery.linear import bias_of, checked
from interlock.surgery.packing import pack, unpack
from interlock.surgery.sparse_linear import wanda_scores
from interlock.surgery.sparse_masks import chosen_mask
from interlock.surgery.statistics import InputStatistics, objective
from interlock.surgery.tiles import TiledLinear, TiledStore, tile_mask
from interlock.surgery.walk import Change, Group


def whole_columns(scores: Tensor, share: float, tile: int, of: int, where: str = "a layer") -> Tensor:
    """Kept columns of each tile, [tiles, columns]: those of tile-wise pruning, in multiples of `of`."""
    found = tile_mask(scores, share, tile, where)
    of_tile = scores.view(-1, tile, scores.shape[1]).sum(1)
    most = scores.shape[1] // of * of
    counts = ((found.sum(1) + of // 2) // of * of).clamp(max=most)
    order = of_tile.argsort(dim=1, descending=True, stable=True)
    stays = torch.arange(scores.shape[1]) < counts.unsqueeze(1)
    return torch.zeros_like(found).scatter_(1, order, stays)


def inside_mask(scores: Tensor, columns: Tensor, pattern: tuple[int, int]) -> Tensor:
    """The mask of single weights, [rows, columns]: N:M among each tile's kept columns."""
    found = torch.zeros_like(scores, dtype=torch.bool)
    tile = len(scores) // len(columns)
    for place, stays in enumerate(columns):
        rows, at = slice(place * tile, (place + 1) * tile), stays.nonzero().squeeze(1)
        if len(at):
            found[rows, at] = chosen_mask(scores[rows, at], pattern)
    return found


class TileVectorStore(TiledStore):
    """N:M values of the kept columns of each tile."""

    columns_kept: Tensor
    values: Tensor
    places: Tensor

    def __init__(self, weight: Tensor, columns: Tensor, mask: Tensor, pattern: tuple[int, int]) -> None:
        super().__init__()
        self.rows, self.columns = weight.shape
        self.tiles, self.pattern = len(columns), pattern
        tile = self.rows // self.tiles
        values, places = [], []
        for place, stays in enumerate(columns):
            rows = slice(place * tile, (place + 1) * tile)
            inner = mask[rows][:, stays].reshape(-1, pattern[1])
            values.append(weight[rows][:, stays].reshape(-1, pattern[1])[inner])
            places.append(inner.nonzero()[:, 1].to(torch.uint8))
        self.register_buffer("columns_kept", pack(columns.to(torch.uint8), 1))
        self.register_buffer("values", torch.cat(values).bfloat16())
        self.register_buffer("places", pack(torch.cat(places), self._bits()))

    def _bits(self) -> int:
        return max(1, math.ceil(math.log2(self.pattern[1])))

    def parts(self) -> list[tuple[Tensor, Tensor]]:
        """Of each tile: its kept columns, and its values float32 [G, kept], zeros among them."""
        columns = unpack(self.columns_kept, 1, self.tiles * self.columns).view(self.tiles, -1).bool()
        kept, of = self.pattern
        tile = self.rows // self.tiles
        counts = (columns.sum(1) * tile // of * kept).tolist()
        places = unpack(self.places, self._bits(), len(self.values)).long()
        found = []
        for stays, value, at in zip(
            columns, torch.split(self.values.float(), counts), torch.split(places, counts), strict=True
        ):
            groups = torch.zeros(len(value) // kept, of).scatter_(1, at.view(-1, kept), value.view(-1, kept))
            found.append((stays.nonzero().squeeze(1), groups.view(tile, -1)))
        return found

    def stored_bytes(self) -> dict[str, int]:
        """Values, places and bitmaps."""
        return {"linear": self.values.nbytes + self.places.nbytes + self.columns_kept.nbytes}


def tile_vector_change(
    ledger: Ledger, share: float, tile: int, pattern: tuple[int, int], counted: dict[str, int]
) -> Change:
    """A change for `rebuild`; `share` of all weights is removed, `counted` sums up "held", "bits" and "all"."""
    columns_share = max(0.0, 1 - (1 - share) * pattern[1] / pattern[0])

    def change(group: Group, statistics: InputStatistics) -> Mapping[str, nn.Module]:
        hessian = statistics.hessian
        found: dict[str, nn.Module] = {}
        for name, weight in checked(group.linears).items():
            scores = wanda_scores(weight, hessian).square()
            columns = whole_columns(scores, columns_share, tile, pattern[1], name)
            store = TileVectorStore(weight, columns, inside_mask(scores, columns, pattern), pattern)
            made = TiledLinear(store, bias_of(group.linears[name]))
            counted["held"] += len(store.values)
            counted["bits"] += 8 * (store.places.nbytes + store.columns_kept.nbytes)
            counted["all"] += weight.numel()
            ledger.enter(name, made, None, objective(made.weight - weight, hessian))
            found[name] = made
        return found

    return change
