"""Fitting what arithmetic draws: one factor a chip on its published joules, since those are of the bare arithmetic.

idea:    watts = static + (a x arithmetic + memory) / measured seconds, at most the board's limit; joules are those of
         the model, so that what is fitted is the energy alone. All chips share a first, then each has its own, drawn
         to the shared one the more the fewer rows it has; errors are absolute and relative.
keeps:   the part that is fitted is told by a hash of each row: a tenth of the kernels, half of the served batches,
         which are few.
departs: static share and joules of memory stay as published: with three factors a chip, kernels and served batches
         contradict each other, and both did worse on rows of other phases. That choice, and
         that of the largest factor, have seen all rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interlock.cost.calibrated.split import fingerprints
from interlock.cost.parameters import arithmetic_draw, static_share
from interlock.cost.stack import stacks
from interlock.evidence.measurement import Measurements
from interlock.hardware import chip
from interlock.validation.operators.power import kernel_work
from interlock.validation.requests.power import spent_by

Floats = NDArray[np.float64]
SHARES: Final = {"attention": 0.1, "experts": 0.1, "request": 0.5}  # of the rows that are fitted
SHORTEST_S: Final = 1e-4
FEWEST: Final = 10  # fitted rows for a factor of one's own
_PULL: Final = 0.03  # at `_FEW` rows, falling with more
_FEW: Final = 12.0
_FACTORS: Final = np.geomspace(0.5, 3.0, 61)  # operands cost up to twice the arithmetic itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Rows of one chip: watts, joules a second of arithmetic and of memory before any factor, and what is fitted."""

    set_name: str
    limit: float
    watts: Floats
    rates: Floats
    fitted: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """What was found for one chip, and the error in percent of rows that the fit did not see, then and with 1."""

    set_name: str
    arithmetic: float
    rows: int
    held_out: int
    mape: float
    before: float


def fit_draws(sets: Iterable[Measurements], seed: int = 0) -> dict[str, Draw]:
    """The factor of each chip whose power the sets measure."""
    rows = drawn(sets, seed)
    shared = _best(list(rows.values()), 1.0, 0.0)
    found = {}
    for name, mine in sorted(rows.items()):
        seen = int(mine.fitted.sum())
        if seen < FEWEST:
            continue
        factor = _best([mine], shared, _PULL * _FEW / max(seen, 1))
        found[name] = Draw(
            set_name=mine.set_name,
            arithmetic=factor,
            rows=seen,
            held_out=int((~mine.fitted).sum()),
            mape=error(mine, factor, ~mine.fitted),
            before=error(mine, 1.0, ~mine.fitted),
        )
    return found


def drawn(sets: Iterable[Measurements], seed: int = 0) -> Mapping[str, Drawn]:
    """Rows that say enough, by chip."""
    parts: dict[str, list[Drawn]] = {}
    for m in sets:
        if m.family != "power" or not len(m):
            continue
        family = str(m["family"][0])
        if family == "request" and "batch" not in m.columns:
            continue
        seconds = np.asarray(m["seconds"], dtype=float)
        joules = _joules(m, family)
        decoding = m["phase"] == "decode" if "phase" in m.columns else np.zeros(len(m), dtype=bool)
        sound = np.isfinite(joules).all(axis=1) & ~decoding & (seconds >= SHORTEST_S)
        for name in map(str, np.unique(m["chip"][sound])):
            one, keep = chip(name), sound & (m["chip"] == name)
            rates = joules[keep] / seconds[keep, None] / np.array([arithmetic_draw(one).factor, 1.0])
            fitted = _fitted(m.where(keep), family, seed)
            limit = float(one.tdp or np.inf)
            mine = Drawn(
                set_name=m.set_name, limit=limit, watts=m["power_w"][keep].astype(float), rates=rates, fitted=fitted
            )
            parts.setdefault(name, []).append(mine)
    return {name: _together(some) for name, some in parts.items()}


def _joules(m: Measurements, family: str) -> Floats:
    if family == "request":
        parts = spent_by(m, stacks("stacks_fitted")).joules
        return np.stack([parts[:, 0], parts[:, 1] + parts[:, 2]], axis=1)
    work = kernel_work(m)
    return np.stack([work.arithmetic_j, work.memory_j], axis=1)


def _fitted(m: Measurements, family: str, seed: int) -> NDArray[np.bool_]:
    names = [n for n in sorted(m.columns) if n not in {"seconds", "power_w"} and np.asarray(m[n]).dtype.kind in "fi"]
    text = [n for n in ("chip", "stack", "model", "implementation", "kv_format", "kernel") if n in m.columns]
    keys = ["|".join(row) for row in zip(*(map(str, m[n]) for n in text), strict=True)]
    found = np.zeros(len(m), dtype=bool)
    for key in set(keys):
        mine = np.array([other == key for other in keys])
        prints = fingerprints(key, tuple(m[n][mine] for n in names), seed)
        found[mine] = prints.astype(np.float64) / 2.0**64 < SHARES[family]
    return found


def _together(parts: list[Drawn]) -> Drawn:
    return Drawn(
        set_name=parts[0].set_name,
        limit=parts[0].limit,
        watts=np.concatenate([p.watts for p in parts]),
        rates=np.concatenate([p.rates for p in parts]),
        fitted=np.concatenate([p.fitted for p in parts]),
    )


def error(rows: Drawn, factor: float, mask: NDArray[np.bool_]) -> float:
    """Mean absolute error of watts in percent."""
    return float(100.0 * np.mean(np.abs(_watts(rows, factor)[mask] / rows.watts[mask] - 1.0)))


def _watts(rows: Drawn, factor: float) -> Floats:
    total: Floats = static_share() * rows.limit + factor * rows.rates[:, 0] + rows.rates[:, 1]
    return np.minimum(total, rows.limit)


def _best(rows: list[Drawn], start: float, pull: float) -> float:
    def loss(factor: float) -> float:
        fits = [np.mean(np.abs(_watts(d, factor) / d.watts - 1.0)[d.fitted]) for d in rows if d.fitted.any()]
        return float(np.mean(fits) + pull * np.log(factor / start) ** 2)

    return float(min(_FACTORS, key=loss))
