"""Integers of kept weights only, with their places: what pruning and rounding in one pass leave.

keeps:   groups of scales run over kept weights, so bytes are those of the format with its pattern, as "int4-g64+2:4".
         N:M stores each kept weight's place in ceil(log2 M) bits, "P%" a bitmap; without groups, each row has one
         scale.
source:  Frantar and Alistarh 2023, SparseGPT, section 3.5: a kept weight's rounding error is corrected by the columns
         after it, just as the error of a removed one.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import torch
from torch import Tensor

from interlock.errors import InputError
from interlock.surgery.grid import IntegerGrid, values
from interlock.surgery.packing import pack, unpack
from interlock.surgery.sparse_masks import Pattern, chosen_mask
from interlock.surgery.sparse_solve import MASK_BLOCK, prune_columns
from interlock.surgery.stores import Store


class SparseIntegerStore(Store):
    """Codes of the kept weights, row after row."""

    codes: Tensor
    scale: Tensor
    places: Tensor

    def __init__(self, codes: Tensor, mask: Tensor, scale: Tensor, grid: IntegerGrid, pattern: Pattern) -> None:
        super().__init__()
        self.rows, self.columns = codes.shape
        self.grid = grid
        self.of = pattern[1] if isinstance(pattern, tuple) else 0
        self.kept = int(mask.sum())
        self.register_buffer("codes", pack(codes[mask], grid.bits))
        self.register_buffer("scale", scale.half())
        if self.of:
            at = mask.view(-1, self.of).nonzero()[:, 1].to(torch.uint8)
            self.register_buffer("places", pack(at, self._place_bits()))
        else:
            self.register_buffer("places", pack(mask.to(torch.uint8), 1))

    def _place_bits(self) -> int:
        return math.ceil(math.log2(self.of))

    def mask(self) -> Tensor:
        """Which weights are kept, [rows, columns]."""
        count = self.rows * self.columns
        if not self.of:
            return unpack(self.places, 1, count).view(self.rows, self.columns).bool()
        at = unpack(self.places, self._place_bits(), self.kept).long().view(count // self.of, -1)
        found = torch.zeros(count // self.of, self.of, dtype=torch.bool).scatter_(1, at, value=True)
        return found.view(self.rows, self.columns)

    def dequantize(self) -> Tensor:
        """The weights as float32 [rows, columns]."""
        mask, codes = self.mask(), unpack(self.codes, self.grid.bits, self.kept)
        scale, middle = self.scale.float(), float(2 ** (self.grid.bits - 1))
        if self.of:
            kept = values(codes.view(self.rows, -1), scale, torch.full_like(scale, middle)).view(-1)
        else:
            kept = (codes.float() - middle) * scale.expand(self.rows, self.columns)[mask]
        return torch.zeros(self.rows, self.columns).masked_scatter_(mask, kept)

    def stored_bytes(self) -> dict[str, int]:
        """Codes, places, and the scales of groups or rows."""
        found = {"linear": self.codes.nbytes + self.places.nbytes}
        if self.grid.group_size:
            found["linear"] += self.scale.nbytes
        else:
            found["channel scales"] = self.scale.nbytes
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Joint:
    """Pruning to a pattern and rounding to a grid in one pass."""

    grid: IntegerGrid
    pattern: Pattern
    mask_block: int = MASK_BLOCK

    def store(self, weight: Tensor, upper: Tensor, where: str = "a layer") -> SparseIntegerStore:
        """Prune and round W with the factor U of its Hessian.

        Raises:
            InputError: the pattern or the groups do not divide the columns, or a pattern's groups are too long.
        """
        rows, columns = weight.shape
        span = self._span(columns, where)
        scale = torch.zeros(columns // span, rows)
        codes = torch.zeros(columns, rows, dtype=torch.uint8)
        middle = 2 ** (self.grid.bits - 1)
        whole = IntegerGrid(bits=self.grid.bits)

        def fit(start: int, left: Tensor) -> None:
            """The scales of groups that begin in this block, for the weights that would be kept now."""
            if start % span == 0:
                part = left[start : start + span].T.contiguous()
                stays = chosen_mask(part.abs(), self.pattern, by_row=False) if isinstance(self.pattern, tuple) else 1
                scale[start // span] = whole.fit(part * stays)[0][:, 0]

        def rounded(j: int, w: Tensor) -> Tensor:
            s = scale[j // span]
            code = torch.div(w, s).round_().add_(middle).clamp_(0, self.grid.top)
            codes[j] = code
            return code.sub_(middle).mul_(s)

        block = span if self.grid.group_size else self.mask_block
        _, mask = prune_columns(
            weight, upper, self.pattern, mask_block=block, where=where, rounded=rounded, starting=fit
        )
        return SparseIntegerStore(codes.T.contiguous(), mask, scale.T.contiguous(), self.grid, self.pattern)

    def _span(self, columns: int, where: str) -> int:
        """Columns that share a scale: as many as keep a group of weights."""
        if not isinstance(self.pattern, tuple):
            return columns
        kept, of = self.pattern
        if of > 256:
            raise InputError("pattern", f"groups of {of}", "at most 256 for pruning and rounding together")
        if not self.grid.group_size:
            return columns
        self.grid.groups(columns * kept // of, f"kept weights in a row of {where}")
        if self.grid.group_size % kept:
            raise InputError("format", f"groups of {self.grid.group_size} kept weights", f"a multiple of {kept}")
        return self.grid.group_size // kept * of


def joint_grid(form: str, pattern: Pattern) -> IntegerGrid | None:
    """The grid of a format whose groups are known before the mask is; None for others."""
    found = re.fullmatch(r"int([2348])(?:-g(\d+))?", form)
    if found is None or (found[2] and not isinstance(pattern, tuple)):
        return None
    return IntegerGrid(bits=int(found[1]), group_size=int(found[2] or 0))
