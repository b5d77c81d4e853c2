"""Rotations for any width: Hadamard matrices where they are known, multiplied fast as Kronecker products.

symbols: Q orthogonal [n, n]; x rows [..., n]; apply(x) = x Q with Q = diag(signs) (F1 x F2 x ...) for small factors F.
idea:    n = odd * 2^k. 2^k has Sylvester's matrix. An odd part needs a Hadamard matrix of order odd * 2^j, found by
         Paley's two constructions (12, 20, 28, 36, 44, ...); where none is found, the odd part gets a random orthogonal
         matrix. `kind` says which.
keeps:   Q Q^T = I; a Hadamard Q has all entries +-1/sqrt(n); cost n * sum(factor sizes) a row.
source:  Sylvester 1867; Paley 1933; random signs and use: Chee et al. 2023, QuIP; Ashkboos et al. 2024, QuaRot, section
         3.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import reduce
from typing import Final

import torch
from torch import Tensor

WIDEST: Final = 64  # a power of two is cut into factors of at most this size
LARGEST_PALEY: Final = 2048


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rotation:
    """An orthogonal matrix as a product of small factors and signs."""

    size: int
    factors: tuple[Tensor, ...]
    signs: Tensor
    kind: str
    seed: int | None = None

    def apply(self, x: Tensor) -> Tensor:
        """x Q along the last axis."""
        return self._product(x * self.signs, list(self.factors))

    def inverse(self, x: Tensor) -> Tensor:
        """x Q^T along the last axis."""
        return self._product(x, [factor.T for factor in self.factors]) * self.signs

    def matrix(self) -> Tensor:
        """Q as a dense matrix."""
        return self.signs.unsqueeze(1) * reduce(torch.kron, self.factors)

    def _product(self, x: Tensor, factors: list[Tensor]) -> Tensor:
        shape = x.shape
        before, after = 1, self.size
        for factor in factors:
            width = len(factor)
            after //= width
            x = x.reshape(-1, width, after)
            x = x.squeeze(2) @ factor if after == 1 else factor.T @ x
            before *= width
        return x.reshape(shape)


def rotation(size: int, seed: int | None = None) -> Rotation:
    """A rotation of a width, with random signs if there is a seed."""
    generator = torch.Generator().manual_seed(0 if seed is None else seed)
    odd, twos = size, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    if odd == 1:
        factors, kind = _sylvester(twos), "Hadamard"
    elif order := next((odd * 2**j for j in range(2, twos + 1) if _paley_kind(odd * 2**j)), None):
        factors = [_paley(order) / math.sqrt(order), *_sylvester(int(math.log2(size // order)))]
        kind = f"Hadamard with Paley's matrix of order {order}"
    else:
        factors = [_orthogonal(odd, generator), *_sylvester(twos)]
        kind = f"Hadamard with a random orthogonal factor of order {odd}"
    signs = torch.ones(size) if seed is None else torch.randint(0, 2, (size,), generator=generator) * 2.0 - 1.0
    return Rotation(size=size, factors=tuple(factors) or (torch.ones(1, 1),), signs=signs, kind=kind, seed=seed)


def walsh_hadamard(x: Tensor) -> Tensor:
    """The orthonormal Walsh-Hadamard transform of a power of two along the last axis, by butterflies."""
    size = x.shape[-1]
    result = x.reshape(-1, size)
    half = 1
    while half < size:
        pairs = result.view(-1, size // (2 * half), 2, half)
        left, right = pairs[:, :, 0], pairs[:, :, 1]
        result = torch.stack((left + right, left - right), 2).view(-1, size)
        half *= 2
    return (result / math.sqrt(size)).view(x.shape)


def _sylvester(twos: int) -> list[Tensor]:
    """Factors whose product is the normalized Hadamard matrix of order 2^twos."""
    widest = int(math.log2(WIDEST))
    steps = [widest] * (twos // widest) + ([twos % widest] if twos % widest else [])
    return [walsh_hadamard(torch.eye(2**step)) for step in steps]


def _paley_kind(order: int) -> int:
    """1 or 2 for the construction that gives this order, 0 for none."""
    if order > LARGEST_PALEY:
        return 0
    if order % 4 == 0 and _is_prime(order - 1):
        return 1
    half = order // 2 - 1
    return 2 if order % 4 == 0 and half % 4 == 1 and _is_prime(half) else 0


def _paley(order: int) -> Tensor:
    """A Hadamard matrix with entries +-1."""
    if _paley_kind(order) == 1:
        core = _jacobsthal(order - 1)
        skew = torch.zeros(order, order)
        skew[0, 1:], skew[1:, 0], skew[1:, 1:] = 1, -1, core
        return skew + torch.eye(order)
    prime = order // 2 - 1
    symmetric = torch.zeros(prime + 1, prime + 1)
    symmetric[0, 1:], symmetric[1:, 0], symmetric[1:, 1:] = 1, 1, _jacobsthal(prime)
    two = torch.tensor([[1.0, 1.0], [1.0, -1.0]])
    other = torch.tensor([[1.0, -1.0], [-1.0, -1.0]])
    return torch.kron(symmetric, two) + torch.kron(torch.eye(prime + 1), other)


def _jacobsthal(prime: int) -> Tensor:
    """The matrix of quadratic characters chi(i - j) modulo a prime."""
    squares = {i * i % prime for i in range(1, prime)}
    character = torch.tensor([0.0 if i == 0 else 1.0 if i in squares else -1.0 for i in range(prime)])
    index = torch.arange(prime)
    return character[(index.unsqueeze(1) - index) % prime]


def _is_prime(number: int) -> bool:
    return number > 1 and all(number % part for part in range(2, math.isqrt(number) + 1))


def _orthogonal(size: int, generator: torch.Generator) -> Tensor:
    """A random orthogonal matrix, uniform over all of them."""
    q, r = torch.linalg.qr(torch.randn(size, size, generator=generator))
    found: Tensor = q * r.diagonal().sign()
    return found.contiguous()
