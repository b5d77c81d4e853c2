"""Half-quadratic quantization: zero points that leave a sparse error, found without data.

source:  Badri and Shaji 2023, Half-Quadratic Quantization, sections "Formulation" and "Optimization"; constants are
         those of its reference code.
symbols: q = clip(round(w / s + z)); r = s (q - z); e = shrink(w - r), the proximal operator of the l_p norm, p < 1:
         sign(x) max(|x| - |x|^(p-1) / beta, 0); z = mean over the group of q - (w - e) / s.
keeps:   the scale is that of rounding to nearest between a group's minimum and maximum; only z moves, and stops as soon
         as the mean error no longer falls. Scale and zero point are stored in fp16 and used as stored.
departs: beta stays as it is, as in the reference code's default path; the text lets it grow by 1 % an iteration.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from interlock.surgery.grid import SMALLEST, IntegerGrid
from interlock.surgery.packing import pack, unpack
from interlock.surgery.stores import Store

NORM: Final = 0.7
BETA: Final = 10.0
ITERATIONS: Final = 20
LARGEST_RATE: Final = 2e4  # codes a unit of weight


class RealZeroStore(Store):
    """Codes with an fp16 scale and an fp16 zero point for each group."""

    codes: Tensor
    scale: Tensor
    zero: Tensor

    def __init__(self, codes: Tensor, scale: Tensor, zero: Tensor, grid: IntegerGrid) -> None:
        super().__init__()
        self.rows, self.columns = codes.shape
        self.grid = grid
        self.register_buffer("codes", pack(codes, grid.bits))
        self.register_buffer("scale", scale.half())
        self.register_buffer("zero", zero.half())

    def dequantize(self) -> Tensor:
        """The weights as float32 [rows, columns]."""
        codes = unpack(self.codes, self.grid.bits, self.rows * self.columns)
        grouped = codes.view(self.rows, self.scale.shape[1], -1).float()
        weight = (grouped - self.zero.float().unsqueeze(2)) * self.scale.float().unsqueeze(2)
        return weight.view(self.rows, self.columns)

    def stored_bytes(self) -> dict[str, int]:
        """Codes, and what groups or rows share."""
        shared = self.scale.nbytes + self.zero.nbytes
        if self.grid.group_size:
            return {"linear": self.codes.nbytes + shared}
        return {"linear": self.codes.nbytes, "channel scales": shared}


def half_quadratic_store(weight: Tensor, grid: IntegerGrid) -> RealZeroStore:
    """HQQ of weights [rows, columns]; of the grid, only bits and groups count."""
    rows, columns = weight.shape
    w = weight.view(rows, grid.groups(columns), -1)
    low, high = w.amin(2, keepdim=True), w.amax(2, keepdim=True)
    rate = (grid.top / (high - low).clamp_min(SMALLEST)).clamp(max=LARGEST_RATE)
    start = -low * rate
    zero = best_zero(w, rate, start.round() if grid.bits == 4 else start, grid.top)
    scale, zero = (1 / rate).half().float(), zero.half().float()
    codes = (w / scale + zero).round().clamp(0, grid.top).to(torch.uint8)
    return RealZeroStore(codes.view(rows, columns), scale.squeeze(2), zero.squeeze(2), grid)


def best_zero(w: Tensor, rate: Tensor, zero: Tensor, top: int) -> Tensor:
    """Zero points of groups [rows, groups, size] after at most `ITERATIONS` alternations; `rate` is 1 / s."""
    least = float("inf")
    for _ in range(ITERATIONS):
        q = (w * rate + zero).round().clamp(0, top)
        r = (q - zero) / rate
        e = shrink(w - r, BETA)
        zero = (q - (w - e) * rate).mean(2, keepdim=True)
        error = float((w - r).abs().mean())
        if error >= least:
            break
        least = error
    return zero


def shrink(x: Tensor, beta: float, norm: float = NORM) -> Tensor:
    """The generalized soft threshold: small errors become zero, large ones stay."""
    magnitude = x.abs()
    return x.sign() * (magnitude - magnitude.clamp_min(1e-12).pow(norm - 1) / beta).clamp_min(0)
