"""Mixed-precision decomposition: outlier features multiplied wide, all others as 8-bit vectors.

source: Dettmers et al. 2022, LLM.int8(), section 3.2.
symbols: O outlier features; y = X_O W_O^T (wide) + s_x s_w (q_x q_w^T) over the other features.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from interlock.surgery.applied import Ledger
from interlock.surgery.calibration import Calibration
from interlock.surgery.decoder import replace
from interlock.surgery.grid import IntegerGrid
from interlock.surgery.inputs import round_last
from interlock.surgery.linear import QuantizedLinear, bias_of, checked
from interlock.surgery.statistics import InputStatistics
from interlock.surgery.stores import ColumnsStore, HalfStore, IntegerStore, Store
from interlock.surgery.walk import Group, observe

GRID = IntegerGrid(bits=8, full_range=False)


class DecomposedLinear(QuantizedLinear):
    """A quantized layer whose inputs are rounded per token, but for outlier features."""

    stands_for_linear: ClassVar[bool] = True

    def __init__(self, store: ColumnsStore, threshold: float, bias: Tensor | None) -> None:
        super().__init__(store, bias)
        self.threshold = threshold
        self._fixed: Tensor | None = None

    @property
    def fixed(self) -> Tensor:
        """Features whose weights are stored wide, as a mask."""
        if self._fixed is None:
            store = self.store
            assert isinstance(store, ColumnsStore)
            wide = sum(part.columns for part in store.parts if isinstance(part, HalfStore))
            self._fixed = torch.zeros(self.in_features, dtype=torch.bool)
            self._fixed[store.order[self.in_features - wide :].long()] = True
        return self._fixed

    def forward(self, x: Tensor) -> Tensor:
        """[..., columns] to [..., rows]; a feature is wide for all tokens at hand as soon as one of them reaches."""
        reached = x.abs().reshape(-1, self.in_features).amax(0) >= self.threshold
        wide = self.fixed | reached
        return functional.linear(torch.where(wide, x, round_last(x.masked_fill(wide, 0), 8)), self.weight, self.bias)


def split_outliers(model: nn.Module, calibration: Calibration, threshold: float, ledger: Ledger) -> float:
    """Split all layers of the blocks; returns the share of weights that stay in fp16."""
    kept = total = 0

    def visit(known: list[tuple[Group, InputStatistics]]) -> None:
        nonlocal kept, total
        for group, statistics in known:
            outlier = statistics.largest >= threshold
            wide, narrow = outlier.nonzero().squeeze(1), (~outlier).nonzero().squeeze(1)
            for name, weight in checked(group.linears).items():
                parts: list[Store] = []
                if len(narrow):
                    parts.append(IntegerStore.nearest(weight[:, narrow], GRID))
                if len(wide):
                    parts.append(HalfStore(weight[:, wide]))
                store = ColumnsStore(parts, torch.cat([narrow, wide]))
                made = DecomposedLinear(store, threshold, bias_of(group.linears[name]))
                kept, total = kept + len(weight) * len(wide), total + weight.numel()
                ledger.enter(name, made)
                replace(model, name, made)

    observe(model, calibration, visit, moments=False)
    return kept / total
