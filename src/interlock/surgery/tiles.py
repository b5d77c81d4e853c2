"""Tile-wise sparsity: whole columns of tiles of rows are removed, so that what is left of a tile is a dense matrix.

source:  Guo et al. 2020, Accelerating sparse DNN models without hardware support via tile-wise sparsity, section IV.
symbols: a tile is G neighbouring rows; its kept columns are a bitmap of one bit a column, its values a matrix
         [G, kept].
keeps:   round(share * tiles * columns) columns of tiles are removed, the least of the layer; tiles keep as many as they
         deserve, so one tile may be denser than another.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from interlock.errors import InputError
from interlock.surgery.applied import Ledger
from interlock.surgery.linear import QuantizedLinear, bias_of, checked
from interlock.surgery.packing import pack, unpack
from interlock.surgery.sparse_linear import wanda_scores
from interlock.surgery.sparse_masks import chosen_mask
from interlock.surgery.statistics import InputStatistics, damped, objective
from interlock.surgery.stores import Store
from interlock.surgery.walk import Change, Group


def tile_mask(scores: Tensor, share: float, tile: int, where: str = "a layer") -> Tensor:
    """Kept columns of each tile, [tiles, columns], by the sum of their scores.

    Raises:
        InputError: tiles that do not divide the rows.
    """
    if tile < 1 or len(scores) % tile:
        raise InputError("tile", f"{tile} for the {len(scores)} rows of {where}", "a divisor of the rows")
    return chosen_mask(scores.view(-1, tile, scores.shape[1]).sum(1), share, by_row=False)


class TiledStore(Store, ABC):
    """Weights whose tiles keep columns of their own."""

    tiles: int

    @abstractmethod
    def parts(self) -> list[tuple[Tensor, Tensor]]:
        """Of each tile: its kept columns, and its values float32 [G, kept]."""

    def dequantize(self) -> Tensor:
        """The weights as float32 [rows, columns]."""
        tile = self.rows // self.tiles
        return torch.cat([torch.zeros(tile, self.columns).index_copy_(1, at, part) for at, part in self.parts()])


class TileStore(TiledStore):
    """Dense values of the kept columns of each tile, in bf16."""

    values: Tensor
    places: Tensor

    def __init__(self, weight: Tensor, mask: Tensor) -> None:
        super().__init__()
        self.rows, self.columns = weight.shape
        self.tiles = len(mask)
        parts = weight.view(self.tiles, -1, self.columns)
        kept = [part[:, stays].reshape(-1) for part, stays in zip(parts, mask, strict=True)]
        self.register_buffer("values", torch.cat(kept).bfloat16())
        self.register_buffer("places", pack(mask.to(torch.uint8), 1))

    def parts(self) -> list[tuple[Tensor, Tensor]]:
        """Of each tile: its kept columns, and its dense values float32 [G, kept]."""
        mask = unpack(self.places, 1, self.tiles * self.columns).view(self.tiles, self.columns).bool()
        tile = self.rows // self.tiles
        values = torch.split(self.values.float(), (mask.sum(1) * tile).tolist())
        return [(stays.nonzero().squeeze(1), part.view(tile, -1)) for stays, part in zip(mask, values, strict=True)]

    def stored_bytes(self) -> dict[str, int]:
        """Values and the bitmap."""
        return {"linear": self.values.nbytes + self.places.nbytes}


class TiledLinear(QuantizedLinear):
    """One small dense product a tile, over the inputs that the tile reads."""

    stands_for_linear: ClassVar[bool] = True

    def forward(self, x: Tensor) -> Tensor:
        """[..., columns] to [..., rows]."""
        store = self.store
        assert isinstance(store, TiledStore)
        found = torch.cat([functional.linear(x[..., at], part) for at, part in store.parts()], -1)
        return found if self.bias is None else found + self.bias


def refitted(weight: Tensor, mask: Tensor, hessian: Tensor) -> Tensor:
    """Each tile's kept columns, with the least tr(dW H dW^T) that they can reach; H damped."""
    found = torch.zeros_like(weight)
    tile = len(weight) // len(mask)
    for place, stays in enumerate(mask):
        rows, at = slice(place * tile, (place + 1) * tile), stays.nonzero().squeeze(1)
        if len(at):
            factor = torch.linalg.cholesky(hessian[at][:, at])
            found[rows, at] = torch.cholesky_solve((weight[rows] @ hessian[:, at]).T, factor).T
    return found


def tiling_change(
    ledger: Ledger, share: float, tile: int, counted: dict[str, int], refit: float | None = None
) -> Change:
    """A change for `rebuild`; `counted` sums up "held" and "all" weights, `refit` is the damping of a refit."""

    def change(group: Group, statistics: InputStatistics) -> Mapping[str, nn.Module]:
        hessian = statistics.hessian
        found: dict[str, nn.Module] = {}
        for name, weight in checked(group.linears).items():
            mask = tile_mask(wanda_scores(weight, hessian).square(), share, tile, name)
            kept = weight if refit is None else refitted(weight, mask, damped(hessian, refit))
            made = TiledLinear(TileStore(kept, mask), bias_of(group.linears[name]))
            counted["held"] += int(mask.sum()) * tile
            counted["all"] += weight.numel()
            ledger.enter(name, made, None, objective(made.weight - weight, hessian))
            found[name] = made
        return found

    return change
