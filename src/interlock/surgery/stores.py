"""Where a changed layer keeps its weights: packed codes with their scales, in the bytes they really take.

keeps: `dequantize` depends on nothing but the stored buffers; `stored_bytes` is the size of those buffers by class.
       Classes: "linear" is what a number format counts; "channel scales" are scales and zero points of whole rows or
       tensors, which formats leave out; "order" is a permutation of columns.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from interlock.surgery.grid import IntegerGrid, values
from interlock.surgery.packing import pack, unpack


class Store(nn.Module, ABC):
    """Weights [rows, columns] in some storage."""

    rows: int
    columns: int

    @abstractmethod
    def dequantize(self) -> Tensor:
        """The weights as float32 [rows, columns]."""

    @abstractmethod
    def stored_bytes(self) -> dict[str, int]:
        """Bytes by class."""


class IntegerStore(Store):
    """Integers in groups.

    Args:
        codes: uint8 [rows, columns].
        scale: [rows, groups], fp16 values.
        zero: [rows, groups], whole numbers.
        grid: how codes were made.
        order: column i of the codes is column order[i] of the weight; None keeps the columns in place.
    """

    codes: Tensor
    scale: Tensor
    zero: Tensor | None
    order: Tensor | None

    def __init__(
        self, codes: Tensor, scale: Tensor, zero: Tensor, grid: IntegerGrid, order: Tensor | None = None
    ) -> None:
        super().__init__()
        self.rows, self.columns = codes.shape
        self.grid = grid
        if grid.per_tensor:
            scale, zero = scale[:1, :1], zero[:1, :1]
        self.shape = tuple(scale.shape)
        self.register_buffer("codes", pack(codes, grid.bits))
        self.register_buffer("scale", scale.half())
        self.register_buffer("zero", None if grid.symmetric else pack(zero.to(torch.uint8), grid.bits))
        self.register_buffer("order", None if order is None else order.to(torch.int32))

    @staticmethod
    def nearest(weight: Tensor, grid: IntegerGrid, shrink: Tensor | float = 1.0) -> IntegerStore:
        """Weights rounded to nearest."""
        scale, zero = grid.fit(weight, shrink)
        return IntegerStore(grid.codes(weight, scale, zero), scale, zero, grid)

    def parts(self) -> tuple[Tensor, Tensor, Tensor]:
        """Codes uint8 [rows, columns] in their stored order, scale and zero point float32 [rows or 1, groups]."""
        codes = unpack(self.codes, self.grid.bits, self.rows * self.columns).view(self.rows, self.columns)
        if self.zero is None:
            zero = torch.full(self.shape, float(2 ** (self.grid.bits - 1)))
        else:
            zero = unpack(self.zero, self.grid.bits, self.scale.numel()).view(self.shape).float()
        return codes, self.scale.float(), zero

    def rows_in(self, counts: list[int]) -> list[IntegerStore]:
        """The store cut into stores of so many rows each."""
        codes, scale, zero = (torch.split(part.expand(self.rows, -1), counts) for part in self.parts())
        return [IntegerStore(*part, self.grid, self.order) for part in zip(codes, scale, zero, strict=True)]

    def dequantize(self) -> Tensor:
        """The weights as float32 [rows, columns]."""
        weight = values(*self.parts())
        if self.order is None:
            return weight
        return torch.empty_like(weight).index_copy_(1, self.order.long(), weight)

    def stored_bytes(self) -> dict[str, int]:
        """Codes, and the scales and zero points of groups or of rows."""
        shared = self.scale.nbytes + (0 if self.zero is None else self.zero.nbytes)
        found = {"linear": self.codes.nbytes}
        if self.grid.group_size and not self.grid.per_tensor:
            found["linear"] += shared
        else:
            found["channel scales"] = shared
        if self.order is not None:
            found["order"] = self.order.nbytes
        return found


class ColumnsStore(Store):
    """Columns in several stores, each with its own width: outlier channels wide, the rest narrow.

    Args:
        parts: stores of all rows and some columns each.
        order: column i of the parts side by side is column order[i] of the weight.
        named: where the bytes of `order` count; None if another layer's weights were permuted instead, so that nothing
            is stored.
    """

    order: Tensor

    def __init__(self, parts: list[Store], order: Tensor, named: str | None = "order") -> None:
        super().__init__()
        self.parts = nn.ModuleList(parts)
        self.rows, self.columns = parts[0].rows, sum(part.columns for part in parts)
        self.named = named
        self.register_buffer("order", order.to(torch.int32))

    def dequantize(self) -> Tensor:
        """The weights as float32 [rows, columns]."""
        side_by_side = torch.cat([part.dequantize() for part in self._stores()], 1)
        return torch.empty_like(side_by_side).index_copy_(1, self.order.long(), side_by_side)

    def stored_bytes(self) -> dict[str, int]:
        """Bytes of all parts."""
        found = {} if self.named is None else {self.named: self.order.nbytes}
        for part in self._stores():
            for name, size in part.stored_bytes().items():
                found[name] = found.get(name, 0) + size
        return found

    def _stores(self) -> list[Store]:
        return [part for part in self.parts if isinstance(part, Store)]


class HalfStore(Store):
    """Weights in fp16, or in the bf16 that they came in."""

    kept: Tensor

    def __init__(self, weight: Tensor, dtype: torch.dtype = torch.float16) -> None:
        super().__init__()
        self.rows, self.columns = weight.shape
        self.register_buffer("kept", weight.to(dtype))

    def dequantize(self) -> Tensor:
        """The weights as float32 [rows, columns]."""
        return self.kept.float()

    def stored_bytes(self) -> dict[str, int]:
        """Two bytes a weight."""
        return {"linear": self.kept.nbytes}
