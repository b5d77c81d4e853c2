"""Two widths in one layer: the channels with the largest activations wide, all others narrow, inputs alike.

source:  Zhao et al. 2023, Atom, sections 4.1 (mixed precision, reordering) and 4.2 (groups).
symbols: order: narrow channels as they are, then the wide ones; both in groups of G that share a scale.
keeps:   columns are rounded with feedback (GPTQ) in this order, so what is left of the error ends in wide columns.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from interlock.errors import InputError
from interlock.surgery.applied import Ledger
from interlock.surgery.grid import IntegerGrid
from interlock.surgery.inputs import round_last
from interlock.surgery.linear import QuantizedLinear, StagedLinear, Step, bias_of, checked
from interlock.surgery.rounding import factor, round_columns
from interlock.surgery.statistics import InputStatistics, damped, objective
from interlock.surgery.stores import ColumnsStore, IntegerStore
from interlock.surgery.walk import Change, Group


class MixedInputs(Step):
    """Rounds the inputs of each token in groups, narrow and wide."""

    order: Tensor

    def __init__(self, order: Tensor, wide: int, bits: int, wide_bits: int, group_size: int) -> None:
        super().__init__()
        self.wide, self.bits, self.wide_bits, self.group_size = wide, bits, wide_bits, group_size
        self.register_buffer("order", order.to(torch.int32))

    def forward(self, x: Tensor) -> Tensor:
        """Round [..., features]; features stay in place."""
        order = self.order.long()
        narrow = self._rounded(x[..., order[: -self.wide]], self.bits)
        wide = self._rounded(x[..., order[-self.wide :]], self.wide_bits)
        return torch.empty_like(x).index_copy_(-1, order, torch.cat([narrow, wide], -1))

    def stored_bytes(self) -> dict[str, int]:
        """The order."""
        return {"order": self.order.nbytes}

    def _rounded(self, x: Tensor, bits: int) -> Tensor:
        return round_last(x.reshape(*x.shape[:-1], -1, self.group_size), bits).view(x.shape)


def mixed_order(importance: Tensor, wide: int) -> Tensor:
    """Narrow features in place, then the `wide` most important ones."""
    chosen = torch.zeros(len(importance), dtype=torch.bool)
    chosen[importance.topk(wide).indices] = True
    return torch.cat([(~chosen).nonzero().squeeze(1), chosen.nonzero().squeeze(1)])


def mixed_store(
    weight: Tensor, hessian: Tensor, order: Tensor, wide: int, narrow_grid: IntegerGrid, wide_grid: IntegerGrid,
    damping: float,
) -> ColumnsStore:  # fmt: skip
    """GPTQ of W with the last `wide` columns of the order on the wide grid."""
    ordered, split = weight[:, order], weight.shape[1] - wide
    grids = ((narrow_grid, ordered[:, :split]), (wide_grid, ordered[:, split:]))
    fitted = [grid.fit(part) for grid, part in grids]
    scales, zeros = (torch.cat([pair[which] for pair in fitted], 1).T.contiguous() for which in (0, 1))
    size = narrow_grid.group_size
    codes = torch.empty(weight.shape[1], len(weight), dtype=torch.uint8)

    def nearest(j: int, w: Tensor) -> Tensor:
        s, z = scales[j // size], zeros[j // size]
        code = torch.div(w, s).round_().add_(z).clamp_(0, narrow_grid.top if j < split else wide_grid.top)
        codes[j] = code
        return code.sub_(z).mul_(s)

    round_columns(ordered, factor(damped(hessian[order][:, order], damping)), nearest)
    found = codes.T
    parts = [
        IntegerStore(found[:, :split].contiguous(), *fitted[0], narrow_grid),
        IntegerStore(found[:, split:].contiguous(), *fitted[1], wide_grid),
    ]
    return ColumnsStore([*parts], order)


def rounding_mixed(
    ledger: Ledger, narrow: IntegerGrid, wide: IntegerGrid, damping: float, counted: dict[str, int]
) -> Change:
    """A change for `rebuild`; `counted` sums up "wide" and "all" weights."""
    size = narrow.group_size

    def change(group: Group, statistics: InputStatistics) -> Mapping[str, nn.Module]:
        if statistics.features % size or statistics.features == size:
            found = f"{size} for the {statistics.features} columns of {next(iter(group.linears))}"
            raise InputError("group_size", found, "a proper divisor, so that one group can be wide")
        hessian = statistics.hessian
        order = mixed_order(hessian.diagonal(), size)
        found_layers: dict[str, nn.Module] = {}
        for name, weight in checked(group.linears).items():
            store = mixed_store(weight, hessian, order, size, narrow, wide, damping)
            made = QuantizedLinear(store, bias_of(group.linears[name]))
            nearest = objective(narrow.nearest(weight) - weight, hessian)
            ledger.enter(name, made, nearest, objective(made.weight - weight, hessian))
            found_layers[name] = StagedLinear([MixedInputs(order, size, narrow.bits, wide.bits, size)], made)
            counted["wide"] += len(weight) * size
            counted["all"] += weight.numel()
        return found_layers

    return change
