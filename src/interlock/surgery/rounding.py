"""Rounding column after column, each correcting the error of those before (GPTQ, which is LDLQ).

source:  Frantar et al. 2022, GPTQ, algorithm 1; Chee et al. 2023, QuIP, theorem 6 (LDLQ is the same).
symbols: W [rows, columns]; H [columns, columns] damped; U upper Cholesky factor of H^-1 = U^T U; q the rounded column;
         e = (w - q) / U_jj; what is left becomes W[:, k] - e U_jk for k > j.
keeps:   with the identity for H it is rounding to nearest.
departs: works on W^T, so that a column is contiguous; updates reach the rest of the matrix lazily, block by block (as
         the paper's B), which changes the order of fp32 additions only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import torch
from torch import Tensor

from interlock.errors import InputError
from interlock.surgery.grid import IntegerGrid
from interlock.surgery.statistics import damped
from interlock.surgery.stores import IntegerStore

BLOCK: Final = 64


def factor(hessian: Tensor) -> Tensor:
    """U of a positive definite H.

    Raises:
        InputError: H is not positive definite in fp32.
    """
    lower, fault = torch.linalg.cholesky_ex(hessian)
    if int(fault):
        raise InputError(
            "damping", "a Hessian that is not positive definite", "more damping or more calibration tokens"
        )
    inverse = torch.cholesky_inverse(lower)
    upper: Tensor
    upper, fault = torch.linalg.cholesky_ex(inverse, upper=True)
    if int(fault):
        raise InputError("damping", "a Hessian too close to singular", "more damping or more calibration tokens")
    return upper


def round_columns(
    weight: Tensor,
    upper: Tensor,
    column: Callable[[int, Tensor], Tensor],
    before: Callable[[int, Tensor], None] | None = None,
    block: int = BLOCK,
) -> Tensor:
    """Round the columns of W in order with feedback; returns what `column` made of each, [rows, columns].

    Args:
        weight: W.
        upper: U.
        column: given its index and the corrected column [rows], the rounded values.
        before: called at the start of each block with the first column's index and the corrected W^T [columns, rows].
        block: columns of a lazy update.
    """
    left = weight.T.contiguous().clone()
    rounded = torch.empty_like(left)
    size = len(left)
    for start in range(0, size, block):
        end = min(start + block, size)
        if before is not None:
            before(start, left)
        part = left[start:end]
        errors = torch.empty_like(part)
        corner = upper[start:end, start:end]
        diagonal = corner.diagonal().tolist()
        for j in range(end - start):
            w = part[j]
            q = column(start + j, w)
            rounded[start + j] = q
            torch.sub(w, q, out=errors[j]).div_(diagonal[j])
            if j + 1 < end - start:
                part[j + 1 :].addr_(corner[j, j + 1 :], errors[j], alpha=-1)
        if end < size:
            left[end:].addmm_(upper[start:end, end:].T, errors, alpha=-1)
    return rounded.T


def optimal_store(
    weight: Tensor,
    hessian: Tensor,
    grid: IntegerGrid,
    *,
    damping: float = 0.01,
    act_order: bool = True,
    static_groups: bool = True,
    shrink: Tensor | float = 1.0,
) -> IntegerStore:
    """GPTQ of W on a grid.

    Args:
        weight: W [rows, columns].
        hessian: H, not damped.
        grid: what to round to.
        damping: share of the mean diagonal added to H.
        act_order: columns in the order of falling H_jj.
        static_groups: scales of groups come from W as given, so that groups stay where they are under `act_order`;
            otherwise from the corrected weights when their turn comes, in the order of rounding.
        shrink: multiplies the range of weights, for clipping.
    """
    order = hessian.diagonal().argsort(descending=True, stable=True) if act_order else None
    ordered = weight if order is None else weight[:, order]
    hessian = hessian if order is None else hessian[order][:, order]
    upper = factor(damped(hessian, damping))
    columns = weight.shape[1]
    size = columns // grid.groups(columns)
    scale, zero = (part.clone() for part in grid.fit(weight, shrink))  # of all groups, rewritten below if not static
    of_column = torch.arange(columns) // size
    if order is not None and static_groups:
        of_column = of_column[order]
    scales, zeros = scale.T.contiguous(), zero.T.contiguous()
    codes = torch.empty(columns, len(weight), dtype=torch.uint8)
    group_of = of_column.tolist()
    top = grid.top

    def nearest(j: int, w: Tensor) -> Tensor:
        s, z = scales[group_of[j]], zeros[group_of[j]]
        code = torch.div(w, s).round_().add_(z).clamp_(0, top)
        codes[j] = code
        return code.sub_(z).mul_(s)

    def refit(start: int, left: Tensor) -> None:
        if start % size == 0:
            scales[group_of[start]], zeros[group_of[start]] = (
                part[:, 0] for part in grid.fit(left[start : start + size].T.contiguous(), shrink)
            )

    moving = not static_groups and grid.group_size > 0
    round_columns(ordered, upper, nearest, refit if moving else None, _dividing(size) if moving else BLOCK)
    found = codes.T.contiguous()
    if order is not None and static_groups:
        found = torch.empty_like(found).index_copy_(1, order, found)
        order = None
    return IntegerStore(found, scales.T.contiguous(), zeros.T.contiguous(), grid, order)


def _dividing(size: int) -> int:
    """The largest block of at most `BLOCK` columns that a group is a whole number of."""
    return max(part for part in range(1, BLOCK + 1) if size % part == 0)
