"""Fitting the protocols of collectives by gradient, on absolute errors of logarithms.

idea:    parameters = base + operation and kernel + chip; the last is left out in a tenth of the draws, so that the
         first two alone stand for a chip that was not measured. What single stacks do is left to the residuals.
needs:   torch, imported inside.
source:  Adam: Kingma and Ba 2015. One-cycle rates: Smith and Topin 2018.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from interlock.cost.calibrated.collective_terms import CROWDING, STARTS, collective_terms, collective_units, link_facts
from interlock.cost.fitting.collective_rows import CollectiveRows
from interlock.cost.fitting.train import load_torch
from interlock.hardware import chip

NAMES: Final = tuple(STARTS)
_RATE: Final = 0.05
_LEFT_OUT: Final = 0.1
_PULL: Final = 3e-5  # of the deviations from the base towards zero


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocols:
    """Logarithms of the parameters (crowding as it is): the base, and what an operation's kernel or a chip adds."""

    base: Any
    kernels: dict[tuple[str, str], Any]
    chips: dict[str, Any]

    def parameters(self, operation: str, kernel: str, chip_id: str = "") -> dict[str, float]:
        """As numbers; of a chip that was not measured if none is named."""
        values = self.base + self.kernels[operation, kernel] + self.chips.get(chip_id, 0.0)
        return {n: float(v if n == CROWDING else np.exp(v)) for n, v in zip(NAMES, values, strict=True)}


def fit_protocols(rows: CollectiveRows, seed: int, steps: int) -> Protocols:
    """Parameters from measured rows; of all operations and kernels that the rows' sets name."""
    torch = load_torch()
    torch.manual_seed(seed)
    kinds = sorted({(key[2], key[3]) for key in rows.sets})
    chips = sorted({key[0] for key in rows.sets})
    kind_of = np.array([kinds.index((key[2], key[3])) for key in rows.sets])[rows.code]
    chip_of = np.array([chips.index(key[0]) for key in rows.sets])[rows.code]
    stepwise, at_once, units = terms_of(rows)
    start = torch.tensor([v if n == CROWDING else float(np.log(v)) for n, v in STARTS.items()], requires_grad=True)
    of_kinds, of_chips = (torch.zeros(len(names), len(NAMES), requires_grad=True) for names in (kinds, chips))
    learnt = [start, of_kinds, of_chips]
    optimizer = torch.optim.Adam(learnt, lr=_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, max(steps, 2), pct_start=0.15)
    x, shot, group, truth = (torch.as_tensor(np.asarray(c, np.float32)) for c in (stepwise, at_once, rows.group, units))
    k, c = torch.as_tensor(kind_of), torch.as_tensor(chip_of)
    for _ in range(steps):
        keep = (torch.rand(len(truth), 1) > _LEFT_OUT).float()
        columns = (start + of_kinds[k] + of_chips[c] * keep).unbind(1)
        p = {name: v if name == CROWDING else v.exp() for name, v in zip(NAMES, columns, strict=True)}
        errors = (collective_units(x, shot, group, p, torch).log() - truth.log()).abs().mean()
        loss = errors + _PULL * (of_kinds.square().sum() + of_chips.square().sum())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    base, kind_rows, chip_rows = (value.detach().numpy().astype(float) for value in learnt)
    return Protocols(
        base=base,
        kernels=dict(zip(kinds, kind_rows, strict=True)),
        chips=dict(zip(chips, chip_rows, strict=True)),
    )


def terms_of(rows: CollectiveRows) -> tuple[Any, Any, Any]:
    """Both terms of the formula and the measured time, in the formula's unit."""
    found = np.empty((3, len(rows)))
    links = {name: link_facts(chip(name)) for name in {key[0] for key in rows.sets}}
    for code, key in enumerate(rows.sets):
        mine = rows.code == code
        link = links[key[0]]
        found[:2, mine] = collective_terms(key[2], rows.bytes[mine], rows.group[mine], link)
        found[2, mine] = rows.seconds[mine] / link.unit_s
    return found[0], found[1], found[2]


def logs_of(protocols: Protocols, rows: CollectiveRows, *, unseen: bool = False) -> Any:
    """Logarithm of measured over formula; `unseen`: as for a chip that was not measured."""
    stepwise, at_once, units = terms_of(rows)
    logs = np.empty(len(rows))
    for code, key in enumerate(rows.sets):
        mine = rows.code == code
        p = protocols.parameters(key[2], key[3], "" if unseen else key[0])
        logs[mine] = np.log(units[mine] / collective_units(stepwise[mine], at_once[mine], rows.group[mine], p))
    return logs
