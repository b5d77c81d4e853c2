"""Fitting what stacks add, on a stated random part of static batches and of runs at a fixed number in flight.

idea:    a row's time, but for the first token under load, is linear in seven numbers of its stack: 1 / pace of kernels
         and of those of grouped heads, seconds a launch, a step, a sequence, a logit and a collective. They are those,
         none below what can be, that make the relative errors of the part smallest (`solve.py`). The memory that a
         stack reserves is the best of a few sizes. Where runs say when first tokens came, the seconds before those and
         the share of prompts that come together are those with which first tokens and times per token are best.
         Models with experts are left out: no run says which ones its tokens chose, and what that takes would be taken
         for the stack's own.
keeps:   the part is told by a hash of each row (`split.py`); errors are reported on the other rows only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interlock.cost.stack import Stack, Stacks, stacks
from interlock.errors import InputError
from interlock.evidence import Evidence, Source
from interlock.evidence.measurement import Measurements
from interlock.models import model as read_model
from interlock.models.blocks import MixtureOfExperts
from interlock.validation.requests.prediction import predict, run_of
from interlock.validation.requests.solve import solve
from interlock.validation.requests.split import request_parts
from interlock.validation.split import FIT, FIT_SHARE

Floats = NDArray[np.float64]
_NOISE: Final = 1e-6  # sizes that change no wave are equally good, and the smallest is taken
_RESERVES: Final = (0.0, 1e9, 2e9, 3e9, 4e9)
_FIRSTS: Final = (0.0, 0.02, 0.04, 0.06, 0.08, 0.1, 0.12, 0.15, 0.2)
_BURSTS: Final = (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
_FEWEST: Final = 8  # rows for seven numbers
_FASTEST: Final = 0.95  # 1 / pace: engines differ by a few per cent on one product
_FASTEST_GROUPED: Final = 0.85


def fit_stacks(
    sets: Sequence[Measurements],
    share: float = FIT_SHARE,
    seed: int = 0,
    start: Stacks | None = None,
    *,
    calibrated: bool = True,
    reserves: Sequence[float] | None = _RESERVES,
) -> dict[str, Stack]:
    """The stacks with what they add fitted, where enough rows of them were drawn; the others as they were.

    Args:
        sets: rows of requests; static batches, and runs at a fixed number in flight, are used.
        share: the part of each set's rows that the fit sees.
        seed: of the split.
        start: the stacks to begin with; those of `data/cost/stacks.toml` if None.
        calibrated: on kernels as they were measured, where they were; else on those of first principles.
        reserves: bytes that a stack may keep, of which the best are taken; those of `start` if None.
    """
    known = dict(stacks() if start is None else start)
    drawn = [rows.where((request_parts(rows, seed, share) == FIT) & _dense(rows)) for rows in sets]
    told = f"{share:.0%} of {', '.join(dict.fromkeys(rows.set_name for rows in sets))}, seed {seed}"
    best: dict[str, tuple[float, Stack, _Design]] = {}
    for reserve in (None,) if reserves is None else reserves:
        tried = known if reserve is None else {n: replace(s, reserve_bytes=reserve) for n, s in known.items()}
        for name, design in _designs(drawn, tried, calibrated=calibrated).items():
            if len(design.whole) < _FEWEST:
                continue
            found, error = _fitted(tried[name], design)
            if name not in best or error < best[name][0] - _NOISE:
                source = Source(kind=Evidence.CALIBRATED, ref=f"{len(design.whole)} rows, {told}")
                best[name] = error, replace(found, chips=_chips(drawn, name), source=source), design
    return known | {
        name: _under_load(name, stack, design, drawn, calibrated=calibrated)
        for name, (_, stack, design) in best.items()
    }


@dataclass(frozen=True, slots=True)
class _Design:
    """What the seconds of each row are made of, as shares of those that were measured; `prompts`: see `Run`."""

    whole: Floats
    prompts: Floats


def _fitted(stack: Stack, design: _Design) -> tuple[Stack, float]:
    """The stack with its linear numbers fitted, its prompts coming together as they do; the mean error."""
    least = np.array([_FASTEST, _FASTEST_GROUPED, -stack.overlap_s, 0.0, 0.0, 0.0, 0.0])
    rows = design.whole - stack.burst_ratio * design.prompts
    found, error = solve(rows, least)
    return replace(
        stack,
        pace_ratio=1.0 / found[0],
        grouped_ratio=1.0 / found[1],
        launch_s=found[2],
        step_s=found[3],
        sequence_s=found[4],
        logit_s=found[5],
        collective_s=found[6],
    ), error


def _under_load(name: str, stack: Stack, design: _Design, sets: Sequence[Measurements], *, calibrated: bool) -> Stack:
    """The stack with seconds before a first token and the share of prompts that come together, where runs show them."""
    mine = [rows.where(_is_first_token(rows) & (np.asarray(rows["stack"]) == name)) for rows in sets]
    mine = [rows for rows in mine if len(rows)]
    if sum(map(len, mine)) < _FEWEST:
        return stack
    measured = np.concatenate([rows.measured for rows in mine])
    best, least = stack, np.inf
    for burst in _BURSTS:
        tried, error = _fitted(replace(stack, burst_ratio=burst), design)
        seconds = np.concatenate([predict(rows, {name: tried}, calibrated=calibrated) for rows in mine])
        for first in _FIRSTS:
            both = error * len(design.whole) + float(np.nansum(np.abs(np.log((seconds + first) / measured))))
            if both < least:
                best, least = replace(tried, first_s=first), both
    return best


def _dense(rows: Measurements) -> NDArray[np.bool_]:
    """Whether every token takes all of a row's model."""
    found = np.zeros(len(rows), dtype=bool)
    for name in np.unique(rows["model"]):
        try:
            layers = read_model(str(name)).main.layers
        except InputError:  # a model that no catalogue has is not priced either
            continue
        if not any(isinstance(layer.feed_forward, MixtureOfExperts) for layer in layers):
            found |= rows["model"] == name
    return found


def _chips(sets: Sequence[Measurements], stack: str) -> tuple[str, ...]:
    found = {str(chip) for rows in sets for chip in np.unique(rows["chip"][np.asarray(rows["stack"]) == stack])}
    return tuple(sorted(found))


def _is_first_token(rows: Measurements) -> NDArray[np.bool_]:
    """Times to the first token at a fixed number in flight."""
    rate = np.asarray(rows["rate"], dtype=float) if "rate" in rows.columns else np.zeros(len(rows))
    static = np.asarray(rows["static"], dtype=float) if "static" in rows.columns else np.zeros(len(rows))
    found: NDArray[np.bool_] = (rows["quantity"] == "ttft") & (rate == 0) & (static == 0)
    return found


def _designs(sets: Sequence[Measurements], known: Stacks, *, calibrated: bool) -> dict[str, _Design]:
    """The rows of each stack."""
    found: dict[str, list[tuple[Floats, Floats]]] = {}
    for rows in sets:
        if not len(rows):
            continue
        run = run_of(rows, known, calibrated=calibrated)
        seconds = np.where(run.tokens > 0, run.tokens / rows.measured, rows.measured)
        whole, prompts = (run.work / seconds).T, (run.prompts / seconds).T
        fine = np.isfinite(whole).all(axis=1)
        for name in np.unique(rows["stack"][fine]):
            mine = fine & (rows["stack"] == name)
            found.setdefault(str(name), []).append((whole[mine], prompts[mine]))
    return {
        name: _Design(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
        for name, parts in found.items()
    }
