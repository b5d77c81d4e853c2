"""Incoherence: no weight and no direction of the Hessian stands out after random rotations of both sides.

source:  Chee et al. 2023, QuIP, algorithms 1 to 3.
symbols: as in the technique's file; codes c stand for s (2 c / (2^b - 1) - 1).
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from interlock.errors import InputError
from interlock.surgery.applied import Ledger
from interlock.surgery.grid import WIDTHS, IntegerGrid
from interlock.surgery.linear import QuantizedLinear, bias_of, checked
from interlock.surgery.packing import pack, unpack
from interlock.surgery.rotation import rotation
from interlock.surgery.rounding import factor, round_columns
from interlock.surgery.statistics import InputStatistics, damped, objective
from interlock.surgery.stores import Store
from interlock.surgery.walk import Change, Group


class IncoherentStore(Store):
    """Codes of rotated weights, one scale, and one fp16 factor a column; the rotations follow from shape and seed."""

    codes: Tensor
    scale: Tensor
    stretch: Tensor

    def __init__(self, codes: Tensor, scale: Tensor, stretch: Tensor, bits: int, seed: int) -> None:
        super().__init__()
        self.rows, self.columns = codes.shape
        self.bits, self.seed = bits, seed
        self.register_buffer("codes", pack(codes, bits))
        self.register_buffer("scale", scale)
        self.register_buffer("stretch", stretch.half())

    def dequantize(self) -> Tensor:
        """The weights in their own basis, float32 [rows, columns]."""
        codes = unpack(self.codes, self.bits, self.rows * self.columns).view(self.rows, self.columns)
        turned = grid_values(codes.float(), self.scale, self.bits)
        return turned_back(turned, self.seed) * self.stretch.float()

    def stored_bytes(self) -> dict[str, int]:
        """Codes; the scale and the columns' factors are what formats leave out."""
        return {"linear": self.codes.nbytes, "channel scales": self.scale.nbytes + self.stretch.nbytes}


def grid_values(codes: Tensor, scale: Tensor, bits: int) -> Tensor:
    """s (2 c / (2^b - 1) - 1)."""
    return scale * (codes * (2 / ((1 << bits) - 1)) - 1)


def turned(weight: Tensor, seed: int) -> Tensor:
    """U^T W V."""
    left, right = rotation(weight.shape[0], seed), rotation(weight.shape[1], seed + 1)
    return left.apply(right.apply(weight).T).T


def turned_back(weight: Tensor, seed: int) -> Tensor:
    """U W V^T."""
    left, right = rotation(weight.shape[0], seed), rotation(weight.shape[1], seed + 1)
    return left.inverse(right.inverse(weight).T).T.contiguous()


def incoherent_store(
    weight: Tensor, hessian: Tensor, bits: int, *, damping: float = 0.01, rho: float = 2.4, seed: int = 0
) -> IncoherentStore:
    """QuIP of W for a Hessian that is not damped.

    Raises:
        InputError: a width that is none.
    """
    if bits not in WIDTHS:
        raise InputError("bits", str(bits), ", ".join(map(str, WIDTHS)))
    full = damped(hessian, damping)
    columns = weight.square().sum(0).clamp_min(1e-12)
    stretch = (columns / full.diagonal()).pow(0.25)
    stretch = (stretch / stretch.mean()).clamp(2.0**-14, 65504).half().float()  # W = W0 diag(stretch)
    plain = turned(weight / stretch, seed)
    right = rotation(weight.shape[1], seed + 1)
    moved = right.apply(right.apply(full * torch.outer(stretch, stretch)).T)
    scale = rho * plain.norm() / math.sqrt(plain.numel())
    codes = torch.empty(plain.shape[1], plain.shape[0], dtype=torch.uint8)
    half = (2**bits - 1) / 2

    def nearest(j: int, w: Tensor) -> Tensor:
        code = (w / scale).add_(1).mul_(half).round_().clamp_(0, 2**bits - 1)
        codes[j] = code
        return grid_values(code, scale, bits)

    round_columns(plain, factor(moved), nearest)
    return IncoherentStore(codes.T.contiguous(), scale, stretch, bits, seed)


def rounding_incoherently(ledger: Ledger, bits: int, damping: float, rho: float, seed: int) -> Change:
    """A change for `rebuild`; each layer has rotations of its own."""
    grid = IntegerGrid(bits=bits)

    def change(group: Group, statistics: InputStatistics) -> Mapping[str, nn.Module]:
        hessian = statistics.hessian
        found: dict[str, nn.Module] = {}
        for name, weight in checked(group.linears).items():
            own = seed + 2 * len(ledger.layers)
            store = incoherent_store(weight, hessian, bits, damping=damping, rho=rho, seed=own)
            made = QuantizedLinear(store, bias_of(group.linears[name]))
            nearest = objective(grid.nearest(weight) - weight, hessian)
            ledger.enter(name, made, nearest, objective(made.weight - weight, hessian))
            found[name] = made
        return found

    return change
