"""Fitting what stacks add, on a stated random part of static batches and of runs at a fixed number in flight.

idea:    a row's time, but for the first token under load, is linear in five numbers of its stack: seconds a step, a
         sequence, a logit and a collective, and 1 / pace. They are those, none below zero and no kernel beyond its
         peak, that make the relative errors of the part smallest; large errors count once, not squared (reweighted
         least squares), since some rows are unlike the rest. The memory that a stack reserves is the best of a few
         sizes, and so are then its seconds before a first token and the share of prompts that come together.
keeps:   the part is told by a hash of each row (`split.py`); errors are reported on the other rows only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interlock.evidence import Evidence, Source
from interlock.evidence.measurement import Measurements
from interlock.validation.requests.prediction import predict, work_of
from interlock.validation.requests.split import request_parts
from interlock.validation.requests.stack import Stack, Stacks, stacks
from interlock.validation.split import FIT, FIT_SHARE

Floats = NDArray[np.float64]
_ROUNDS: Final = 20
_SMALL: Final = 0.02  # errors below it count as squares
_NOISE: Final = 1e-6  # sizes that change no wave are equally good, and the smallest is taken
_RESERVES: Final = (0.0, 1e9, 2e9, 3e9, 4e9)
_FIRSTS: Final = (0.0, 0.02, 0.04, 0.06, 0.08, 0.1, 0.12, 0.15, 0.2)
_BURSTS: Final = (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
_FEWEST: Final = 8  # rows for five numbers
_FASTEST: Final = np.array(
    [0.0, 0.0, 0.0, 0.0, 0.85]
)  # 1 / pace of kernels at the whole peak, where chips reach 0.85 of it


def fit_stacks(
    sets: Sequence[Measurements], share: float = FIT_SHARE, seed: int = 0, start: Stacks | None = None
) -> dict[str, Stack]:
    """The stacks with what they add fitted, where enough rows of them were drawn; the others as they were.

    Args:
        sets: rows of requests; static batches, and runs at a fixed number in flight, are used.
        share: the part of each set's rows that the fit sees.
        seed: of the split.
        start: the stacks to begin with; those of `data/cost/stacks.toml` if None.
    """
    known = dict(stacks() if start is None else start)
    drawn = [rows.where(request_parts(rows, seed, share) == FIT) for rows in sets]
    told = f"{share:.0%} of {', '.join(dict.fromkeys(rows.set_name for rows in sets))}, seed {seed}"
    best: dict[str, tuple[float, Stack]] = {}
    for reserve in _RESERVES:
        tried = {name: replace(stack, reserve_bytes=reserve) for name, stack in known.items()}
        names, design = _design(drawn, tried)
        for name in map(str, np.unique(names)):
            mine = design[names == name]
            if len(mine) < _FEWEST:
                continue
            found, error = _solve(mine)
            if name not in best or error < best[name][0] - _NOISE:
                fitted = Stack(
                    step_s=found[0],
                    sequence_s=found[1],
                    logit_s=found[2],
                    collective_s=found[3],
                    pace_ratio=1.0 / found[4],
                    reserve_bytes=reserve,
                    chips=_chips(drawn, name),
                    source=Source(kind=Evidence.CALIBRATED, ref=f"{len(mine)} rows, {told}"),
                )
                best[name] = error, fitted
    fitted_ones = known | {name: stack for name, (_, stack) in best.items()}
    return fitted_ones | dict(_first_tokens(drawn, {name: fitted_ones[name] for name in best}))


def _chips(sets: Sequence[Measurements], stack: str) -> tuple[str, ...]:
    found = {str(chip) for rows in sets for chip in np.unique(rows["chip"][np.asarray(rows["stack"]) == stack])}
    return tuple(sorted(found))


def _first_tokens(sets: Sequence[Measurements], known: Mapping[str, Stack]) -> Iterator[tuple[str, Stack]]:
    """Stacks with seconds before a first token and the share of prompts that come together, where runs show them."""
    for name, stack in known.items():
        mine = [rows.where(_is_first_token(rows) & (np.asarray(rows["stack"]) == name)) for rows in sets]
        mine = [rows for rows in mine if len(rows)]
        if sum(map(len, mine)) < _FEWEST:
            continue
        tried = [replace(stack, burst_ratio=burst) for burst in _BURSTS]
        seconds = [np.concatenate([predict(rows, {name: one}) for rows in mine]) for one in tried]
        measured = np.concatenate([rows.measured for rows in mine])
        errors = {
            (float(np.nanmean(np.abs(np.log((found + first) / measured)))), place, first)
            for place, found in enumerate(seconds)
            for first in _FIRSTS
        }
        _, place, first = min(errors)
        yield name, replace(tried[place], first_s=first)


def _is_first_token(rows: Measurements) -> NDArray[np.bool_]:
    """Times to the first token at a fixed number in flight."""
    rate = np.asarray(rows["rate"], dtype=float) if "rate" in rows.columns else np.zeros(len(rows))
    static = np.asarray(rows["static"], dtype=float) if "static" in rows.columns else np.zeros(len(rows))
    found: NDArray[np.bool_] = (rows["quantity"] == "ttft") & (rate == 0) & (static == 0)
    return found


def _design(sets: Sequence[Measurements], known: Stacks) -> tuple[NDArray[np.str_], Floats]:
    """The stack of each row, and what its seconds are made of as shares of those that were measured."""
    names: list[NDArray[np.str_]] = []
    columns: list[Floats] = []
    for rows in sets:
        if not len(rows):
            continue
        work = work_of(rows, known)
        seconds = np.where(work.tokens > 0, work.tokens / rows.measured, rows.measured)
        logits = work.sequences * work.vocabulary
        made_of = [work.steps, work.sequences, logits, work.collectives, work.chip_s]
        design = np.stack(made_of, axis=1) / seconds[:, None]
        fine = np.isfinite(design).all(axis=1)
        names.append(np.asarray(rows["stack"])[fine])
        columns.append(design[fine])
    return np.concatenate(names), np.concatenate(columns)


def _solve(design: Floats) -> tuple[list[float], float]:
    """Numbers of at least zero, and no pace above the peaks, for which sums are closest to 1; the mean error."""
    weights = np.ones(len(design))
    found = _FASTEST
    for _ in range(_ROUNDS):
        found = _FASTEST + _nonnegative(design * weights[:, None], (1.0 - design @ _FASTEST) * weights)
        weights = np.sqrt(1.0 / np.maximum(np.abs(design @ found - 1.0), _SMALL))
    return [float(value) for value in found], float(np.abs(design @ found - 1.0).mean())


def _nonnegative(design: Floats, target: Floats) -> Floats:
    """Least squares without negative numbers: the best of all choices of which are zero."""
    best, least = np.zeros(design.shape[1]), np.inf
    every = range(design.shape[1])
    for chosen in chain.from_iterable(combinations(every, size) for size in range(1, design.shape[1] + 1)):
        places = list(chosen)
        values = np.linalg.lstsq(design[:, places], target, rcond=None)[0]
        residual = float(np.sum((design[:, places] @ values - target) ** 2))
        if (values >= 0).all() and residual < least:
            best, least = np.zeros(design.shape[1]), residual
            best[places] = values
    return best
