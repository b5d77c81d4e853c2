"""Weights as the product of two thin matrices, chosen for the weights alone or for what they multiply.

source:  Eckart and Young 1936; Yuan et al. 2023, ASVD (a diagonal scaling); Wang et al. 2024, SVD-LLM,
         truncation-aware whitening (by the Cholesky factor, which makes truncation optimal).
symbols: W [rows, columns]; H = S S^T; W S = U D V^T; W' = U_r D_r V_r^T S^-1, of rank r.
keeps:   with S the Cholesky factor of H, tr((W' - W) H (W' - W)^T) is the least of all matrices of rank r, and equals
         the sum of the squared singular values that were cut off; with S = 1 the same of the weights' own error.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from interlock.errors import InputError
from interlock.surgery.linear import QuantizedLinear
from interlock.surgery.stores import Store


def rank_for(rows: int, columns: int, share: float) -> int:
    """The largest rank whose factors hold at most a share of the matrix's elements, at least 1."""
    if not 0 < share <= 1:
        raise InputError("share", f"{share}", "above 0, to 1")
    return max(1, int(share * rows * columns / (rows + columns) + 1e-9))


def factors(weight: Tensor, rank: int, scaling: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """[rows, rank] and [rank, columns], balanced so that both sides of a component have the same largest magnitude.

    Args:
        weight: W.
        rank: r.
        scaling: S, lower triangular [columns, columns], or its diagonal [columns]; None for 1.
    """
    wide = weight.double()
    if scaling is not None:
        scaling = scaling.double()
        wide = wide * scaling if scaling.ndim == 1 else wide @ scaling
    u, d, v = torch.linalg.svd(wide, full_matrices=False)
    left, right = u[:, :rank] * d[:rank], v[:rank]
    if scaling is not None:
        flat = scaling.ndim == 1
        right = right / scaling if flat else torch.linalg.solve_triangular(scaling, right, upper=False, left=False)
    ratio = (right.abs().amax(1) / left.abs().amax(0).clamp_min(1e-30)).clamp_min(1e-30).sqrt()
    return (left * ratio).float(), (right / ratio.unsqueeze(1)).float()


class FactorStore(Store):
    """Two thin matrices in fp16."""

    left: Tensor
    right: Tensor

    def __init__(self, left: Tensor, right: Tensor) -> None:
        super().__init__()
        self.rows, self.columns = len(left), right.shape[1]
        self.register_buffer("left", left.half())
        self.register_buffer("right", right.half())

    def dequantize(self) -> Tensor:
        """The product, float32 [rows, columns]."""
        return self.left.float() @ self.right.float()

    def stored_bytes(self) -> dict[str, int]:
        """Both factors."""
        return {"linear": self.left.nbytes + self.right.nbytes}


class FactoredLinear(QuantizedLinear):
    """y = (x R^T) L^T + bias: two products, as many operations as the factors have elements."""

    stands_for_linear: ClassVar[bool] = True

    def forward(self, x: Tensor) -> Tensor:
        """[..., columns] to [..., rows]."""
        store = self.store
        assert isinstance(store, FactorStore)
        return functional.linear(functional.linear(x, store.right.float()), store.left.float(), self.bias)


class SumStore(Store):
    """Narrow weights and a thin product that is added to them."""

    def __init__(self, narrow: Store, thin: FactorStore) -> None:
        super().__init__()
        self.rows, self.columns = narrow.rows, narrow.columns
        self.narrow, self.thin = narrow, thin

    def dequantize(self) -> Tensor:
        """The sum, float32 [rows, columns]."""
        return self.narrow.dequantize() + self.thin.dequantize()

    def stored_bytes(self) -> dict[str, int]:
        """Of both."""
        found = self.narrow.stored_bytes()
        return {**found, "linear": found["linear"] + self.thin.stored_bytes()["linear"]}
