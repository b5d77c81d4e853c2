"""Weights that are loaded sparse and multiplied dense: Flash-LLM's tiles in the place of linear layers.

source: Xia et al. 2023, Flash-LLM: Tiled-CSL, load-as-sparse and compute-as-dense.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from interlock.numerics.sparse_layouts import Tiles
from interlock.surgery.sparse_linear import Pruned, Pruning
from interlock.surgery.stores import Store


class LayoutStore(Store):
    """A matrix in Tiled CSL."""

    words: Tensor
    starts: Tensor

    def __init__(self, weight: Tensor, tile: int) -> None:
        super().__init__()
        self.rows, self.columns = weight.shape
        stored = Tiles.of(weight.detach().numpy(), tile)
        self.tile, self.lanes = stored.tile, stored.lanes
        self.register_buffer("words", torch.from_numpy(stored.words.view(np.int32)))
        self.register_buffer("starts", torch.from_numpy(stored.starts.view(np.int32)))

    def layout(self) -> Tiles:
        """What is stored."""
        words, starts = (part.numpy().view(np.uint32) for part in (self.words, self.starts))
        return Tiles(rows=self.rows, columns=self.columns, words=words, starts=starts, tile=self.tile, lanes=self.lanes)

    def dequantize(self) -> Tensor:
        """The weights as float32 [rows, columns], every tile expanded."""
        return torch.from_numpy(np.ascontiguousarray(self.layout().dense()))

    def stored_bytes(self) -> dict[str, int]:
        """Words and starts."""
        return {"linear": self.words.nbytes + self.starts.nbytes}


def in_tiles(pruning: Pruning, tile: int, seen: Callable[[LayoutStore, int], None]) -> Pruning:
    """The same pruning, stored in tiles; `seen` is told each store and how many weights it keeps."""

    def prune(weight: Tensor, hessian: Tensor, name: str) -> Pruned:
        found = pruning(weight, hessian, name)
        store = LayoutStore(found.weight, tile)
        seen(store, int(found.mask.sum()))
        return Pruned(weight=found.weight, mask=found.mask, store=store)

    return prune
