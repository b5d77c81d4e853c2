"""An order of columns under which N:M keeps more: good columns are spread over groups, then exchanged optimally.

source:  Zhang et al. 2024, Plug-and-Play: heuristic channel allocation, then a linear sum assignment.
symbols: scores [rows, columns]; a group's worth is the sum of its kept scores over all rows.
idea:    one column is taken out of every group at a time; the worth of each group with each of those columns is a
         square table, whose best assignment never loses.
keeps:   a permutation; never worth less than the columns in place.
"""

from __future__ import annotations

import torch
from torch import Tensor

from interlock.surgery.assignment import best_assignment
from interlock.surgery.sparse_masks import groups_of


def worth(scores: Tensor, kept: int, of: int) -> float:
    """Sum of what N:M keeps."""
    return float(scores.reshape(len(scores), -1, of).topk(kept, dim=2).values.sum(dtype=torch.float64))


def balanced_order(scores: Tensor, kept: int, of: int, *, rounds: int = 2, where: str = "a layer") -> Tensor:
    """The order of columns.

    Args:
        scores: what to keep.
        kept: N.
        of: M.
        rounds: times that every place of the groups is exchanged.
        where: the layer, for errors.
    """
    groups = groups_of(scores.shape[1], of, where)
    plain = torch.arange(scores.shape[1])
    spread = scores.sum(0).argsort(descending=True, stable=True).view(of, groups).T.reshape(-1)
    order = max((plain, spread), key=lambda each: worth(scores[:, each], kept, of))
    best = worth(scores[:, order], kept, of)
    table = order.view(groups, of).clone()
    for _ in range(rounds):
        for place in range(of):
            table = _exchanged(scores, table, place, kept)
        now = worth(scores[:, table.reshape(-1)], kept, of)
        if now <= best * (1 + 1e-6):
            break
        order, best = table.reshape(-1).clone(), now
    return order


def _exchanged(scores: Tensor, table: Tensor, place: int, kept: int) -> Tensor:
    """The table [groups, M] with one column of every group assigned anew."""
    groups, of = table.shape
    if kept == of:
        return table
    taken = table[:, place]
    rest = table[:, [other for other in range(of) if other != place]]
    staying = scores[:, rest.reshape(-1)].view(len(scores), groups, of - 1)
    ranked = staying.topk(kept, dim=2).values
    base = ranked.sum(2).sum(0, dtype=torch.float64)
    last = ranked[..., -1]  # what a better column pushes out
    added = scores[:, taken]
    gain = torch.stack([(added - last[:, [group]]).clamp_min(0).sum(0, dtype=torch.float64) for group in range(groups)])
    chosen = best_assignment((base.unsqueeze(1) + gain).numpy())
    result = table.clone()
    result[:, place] = taken[torch.from_numpy(chosen)]
    return result
