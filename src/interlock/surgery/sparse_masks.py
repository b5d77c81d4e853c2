"""Which weights stay: the best scores by pattern, in exact numbers.

symbols: scores [rows, columns], higher is better; a mask is True where a weight stays. "N:M" keeps N of every M
         neighbours of a row; "P%" drops P per cent, compared within each row or within the whole matrix.
keeps:   N:M holds in every group; "P%" drops round(P/100 * weights), spread over rows as evenly as whole numbers allow.
         Ties keep the first.
source:  rows as the unit of comparison: Sun et al. 2023, Wanda, section 3; the whole layer: Han et al. 2015.
"""

from __future__ import annotations

import torch
from torch import Tensor

from interlock.errors import InputError, shown
from interlock.numerics.sparsity import sparsity

Pattern = tuple[int, int] | float


def read_pattern(text: str) -> Pattern:
    """(N, M) of "2:4", or the dropped share of "50%".

    Raises:
        InputError: neither.
    """
    try:
        found = sparsity(text)
    except ValueError as error:
        raise InputError("pattern", shown(text), str(error)) from None
    if found.structured:
        kept, of = (int(part) for part in text.split(":"))
        return kept, of
    return 1 - found.density


def groups_of(columns: int, of: int, where: str) -> int:
    """Whole groups of M in a row.

    Raises:
        InputError: M does not divide the columns.
    """
    if columns % of:
        raise InputError("pattern", f"groups of {of} for the {columns} columns of {where}", "a divisor of the columns")
    return columns // of


def chosen_mask(scores: Tensor, pattern: Pattern, *, by_row: bool = True, where: str = "a layer") -> Tensor:
    """The mask of the best scores."""
    if isinstance(pattern, tuple):
        return _best_of_groups(scores, *pattern, where)
    dropped = round(pattern * scores.numel())
    if not by_row:
        return _all_but(scores.reshape(1, -1), torch.tensor([dropped])).view_as(scores)
    ends = torch.arange(len(scores) + 1) * dropped // len(scores)
    return _all_but(scores, ends.diff())


def _best_of_groups(scores: Tensor, kept: int, of: int, where: str) -> Tensor:
    groups = groups_of(scores.shape[1], of, where)
    order = scores.reshape(len(scores), groups, of).argsort(dim=2, descending=True, stable=True)[..., :kept]
    mask = torch.zeros(len(scores), groups, of, dtype=torch.bool)
    return mask.scatter_(2, order, value=True).view_as(scores)


def _all_but(scores: Tensor, dropped: Tensor) -> Tensor:
    """All but the `dropped` [rows] lowest scores of each row."""
    order = scores.argsort(dim=1, descending=True, stable=True)
    stays = torch.arange(scores.shape[1]) < scores.shape[1] - dropped.unsqueeze(1)
    return torch.zeros_like(scores, dtype=torch.bool).scatter_(1, order, stays)
