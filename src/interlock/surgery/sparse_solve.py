"""Removing weights column after column, the rest of each row correcting the error (SparseGPT).

source:  Frantar and Alistarh 2023, SparseGPT, algorithm 1, section 3.2 (adaptive masks), 3.3 (N:M).
symbols: W [rows, columns]; U upper Cholesky factor of H^-1 = U^T U; a weight's score is w^2 / U_jj^2, the error that
         removing it costs (the OBS saliency), taken when its turn comes: "P%" chooses a mask for each block of
         columns together, N:M for each group of M.
keeps:   with the mask given, each row is the least-squares solution over its kept weights, up to damping, among those
         that leave the columns before untouched at each step.
departs: the blocks' shares of "P%" add up to exactly round(P/100 * weights).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import torch
from torch import Tensor

from interlock.surgery.rounding import round_columns
from interlock.surgery.sparse_masks import Pattern, chosen_mask, groups_of

MASK_BLOCK: Final = 128  # the paper's Bs


def prune_columns(
    weight: Tensor,
    upper: Tensor,
    pattern: Pattern | Tensor,
    *,
    mask_block: int = MASK_BLOCK,
    where: str = "a layer",
    rounded: Callable[[int, Tensor], Tensor] | None = None,
    starting: Callable[[int, Tensor], None] | None = None,
) -> tuple[Tensor, Tensor]:
    """The pruned weights and their mask.

    Args:
        weight: W.
        upper: U.
        pattern: what to prune, or the mask itself.
        mask_block: columns whose mask is chosen together.
        where: the layer, for errors.
        rounded: what is made of a kept column, given its index and corrected values; nothing without it.
        starting: called at the start of each block, with its first column and the corrected W^T.
    """
    rows, columns = weight.shape
    scale = upper.diagonal().square().unsqueeze(1)
    mask = torch.ones(columns, rows, dtype=torch.bool)
    if isinstance(pattern, Tensor):
        mask = pattern.T.contiguous()
    held: list[Tensor] = []
    block = mask_block
    if isinstance(pattern, tuple):
        groups_of(columns, pattern[1], where)
        block = math.lcm(block, pattern[1])

    def score(start: int, end: int) -> Tensor:
        return held[0][start:end].square() / scale[start:end]

    def before(start: int, left: Tensor) -> None:
        held[:] = [left]  # the same tensor all along, corrected in place
        if starting is not None:
            starting(start, left)
        if isinstance(pattern, float):
            end = min(start + block, columns)
            total = round(pattern * weight.numel())
            dropped = total * end // columns - total * start // columns
            share = dropped / ((end - start) * rows)
            mask[start:end] = chosen_mask(score(start, end), share, by_row=False)

    def column(j: int, w: Tensor) -> Tensor:
        if isinstance(pattern, tuple) and j % pattern[1] == 0:
            end = j + pattern[1]
            mask[j:end] = chosen_mask(score(j, end).T.contiguous(), pattern, where=where).T
        return (w if rounded is None else rounded(j, w)) * mask[j]

    pruned = round_columns(weight, upper, column, before, block)
    return pruned.contiguous(), mask.T.contiguous()
