"""Fitting collectives: rows in, tables with bands and held-out errors out.

idea:    the tenth of the rows that is not held out is fitted; bands come from its own folds, each predicted by a fit
         to the other four, and the rest only scores the result, with the NumPy code and the rounded numbers shipped.
keeps:   held-out rows choose nothing. Bands of chips that were not measured come from link technologies left out.
source:  bands from folds: Barber, Candes, Ramdas, Tibshirani 2021 (CV+), with one pooled set of residuals a class.
departs: the split's 2 % for bands are fitted, too: a set has about 66 rows, too few to give any away.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np

from interlock.cost.calibrated.collective import collective_seconds, priced
from interlock.cost.calibrated.collective_choice import chosen_sets
from interlock.cost.calibrated.collective_sets import LIBRARIES, SetKey, library_of, split_text
from interlock.cost.calibrated.collective_store import (
    CLASSES,
    PATH,
    SIZES,
    Collectives,
    CollectiveSet,
    read_fitted,
    write_fitted,
)
from interlock.cost.calibrated.collective_terms import buffer_bytes, collective_terms, collective_units, link_facts
from interlock.cost.calibrated.split import HELD_OUT
from interlock.cost.fitting.collective_formula import fit_protocols, logs_of
from interlock.cost.fitting.collective_residual import Points, fit_residuals, likeness
from interlock.cost.fitting.collective_rows import CollectiveRows, read_collectives
from interlock.cost.fitting.collective_tables import collective_tables
from interlock.cost.fitting.held_out import unseen_band
from interlock.cost.fitting.tables import VERSION
from interlock.evidence.measurement import Measurements
from interlock.hardware import chip
from interlock.operators import Communication

STEPS: Final = 700
FOLDS: Final = 5
_OUTSIDE: Final = 0.05  # at either end
_ENOUGH: Final = 40  # rows for a band


def refit_collectives(folder: Path, seed: int = 0, to: Path = PATH) -> Path:
    """Fit the full tables and store the result: the whole of a clean re-fit."""
    write_fitted(to, fit_collectives(collective_tables(folder), seed))
    return to


def fit_collectives(measurements: Iterable[Measurements], seed: int = 0, steps: int = STEPS) -> Collectives:
    """Fitted collectives from measurements; `steps` of the protocols' fit."""
    parts = list(measurements)
    rows = read_collectives(parts, seed)
    seen = rows.where(rows.part != HELD_OUT)
    alike = likeness(rows.sets)
    found = _fitted(seen, rows, alike, seed, steps)
    fold = _folds(seen, seed)
    residuals = np.empty(len(seen))
    for place in range(FOLDS):
        some = _rounded(_fitted(seen.where(fold != place), rows, alike, seed, steps))
        away = seen.where(fold == place)
        residuals[fold == place] = np.log(away.seconds / _predicted(some, away))
    left_out = _left_out(seen, seed, steps)
    found = replace(
        found,
        fit=_about(parts[0], rows, seed, steps),
        sets=_with_bands(found.sets, seen, residuals),
        unseen_band=unseen_band({(k[0], k[1], "|".join(k[2:])): logs for k, logs in left_out.items()}),
        unseen_held_out=_unseen_errors(left_out),
    )
    found = _rounded(found)
    return replace(found, sets=_scored(found, rows.where(rows.part == HELD_OUT)))


def _folds(seen: CollectiveRows, seed: int) -> Any:
    """Rows that differ in the width of an element only fall into the same fold, or one would tell of the other."""
    names = [split_text(key) for key in seen.sets]
    cells = np.array([f"{names[c]} {b} {g}" for c, b, g in zip(seen.code, seen.bytes, seen.group, strict=True)])
    unique, cell = np.unique(cells, return_inverse=True)
    return np.random.default_rng(seed).integers(0, FOLDS, len(unique))[cell]


def _fitted(seen: CollectiveRows, rows: CollectiveRows, alike: tuple[Any, ...], seed: int, steps: int) -> Collectives:
    protocols = fit_protocols(seen, seed, steps)
    residuals = fit_residuals(_points(seen), logs_of(protocols, seen), alike)
    sets = {}
    for code, key in enumerate(rows.sets):
        groups = tuple(float(g) for g in np.unique(rows.group[rows.code == code]))
        table = [
            residuals.at(Points(size=SIZES, group=np.full(len(SIZES), np.log2(g)), code=np.full(len(SIZES), code)))
            for g in groups
        ]
        parameters = protocols.parameters(key[2], key[3], key[0])
        table = [_growing(left, key, parameters, g) for left, g in zip(table, groups, strict=True)]
        sets[key] = CollectiveSet(
            parameters=parameters, groups=groups, left=np.array(table), band=((0.0, 0.0),) * 3, held_out={}
        )
    return Collectives(
        fit={},
        facts={name: link_facts(chip(name)) for name in sorted({key[0] for key in rows.sets})},
        sets=sets,
        copies=rows.copies,
        unseen={kind: protocols.parameters(*kind) for kind in protocols.kernels},
        unseen_band=(0.0, 0.0),
        unseen_held_out={},
    )


def _growing(left: Any, key: SetKey, parameters: Mapping[str, float], group: float) -> Any:
    """The residuals that are nearest to these with times that never fall from one size to the next.

    Source: pool adjacent violators (Ayer et al. 1955).
    """
    message = 2.0**SIZES * (group if key[2] == Communication.ALL_TO_ALL else 1.0)
    terms = collective_terms(key[2], message, np.full(len(SIZES), group), link_facts(chip(key[0])))
    formula = np.log(collective_units(*terms, group, parameters))
    blocks: list[tuple[float, int]] = []
    for value in formula + left:
        mean, count = float(value), 1
        while blocks and blocks[-1][0] > mean:
            before, many = blocks.pop()
            mean, count = (before * many + mean * count) / (many + count), many + count
        blocks.append((mean, count))
    return np.repeat([mean for mean, _ in blocks], [count for _, count in blocks]) - formula


def _points(rows: CollectiveRows) -> Points:
    return Points(size=np.log2(_buffers(rows)), group=np.log2(rows.group), code=rows.code)


def _buffers(rows: CollectiveRows) -> Any:
    shared = np.array([key[2] == Communication.ALL_TO_ALL for key in rows.sets])[rows.code]
    return np.where(shared, buffer_bytes(Communication.ALL_TO_ALL, rows.bytes, rows.group), rows.bytes)


def _predicted(found: Collectives, rows: CollectiveRows) -> Any:
    """Seconds as a user gets them, without the checks of a chip."""
    seconds = np.empty(len(rows))
    for code in np.unique(rows.code):
        key, mine = rows.sets[code], rows.code == code
        _, cap, _ = chosen_sets(found, key[0], key[1], key[2], key[3])
        each = [found.sets[one] for one in (key, cap) if one is not None]
        size, group, link = rows.bytes[mine], rows.group[mine], found.facts[key[0]]
        seconds[mine] = np.min([priced(one, key[2], size, group, link) for one in each], axis=0)
    return seconds


def _with_bands(
    sets: Mapping[SetKey, CollectiveSet], seen: CollectiveRows, residuals: Any
) -> dict[SetKey, CollectiveSet]:
    """Ends by size class from the narrowest pool of rows that is large enough."""
    size = np.digitize(_buffers(seen), CLASSES)
    every = [(key, [_pools(key, place) for place in range(len(CLASSES) + 1)]) for key in seen.sets]
    pools = np.array([by_size for _, by_size in every])[seen.code, size]
    found = {}
    for key, by_size in every:
        ends = []
        for names in by_size:
            candidates = [residuals[pools[:, level] == name] for level, name in enumerate(names)]
            mine = next(part for part in candidates if len(part) >= _ENOUGH or part is candidates[-1])
            margin = 0.5 / max(len(mine), 1)
            low, high = np.quantile(mine, [max(_OUTSIDE - margin, 0.0), min(1.0 - _OUTSIDE + margin, 1.0)])
            ends.append((float(low), float(high)))
        found[key] = replace(sets[key], band=tuple(ends))
    return found


def _pools(key: SetKey, size: int) -> tuple[str, ...]:
    """Names of the groups of rows that may share a band, the narrowest first."""
    kind = f"{key[2]} {library_of(key[3]) in LIBRARIES}"
    link = chip(key[0]).links["scale_up"].technology
    return f"{key[0]} {kind} {size}", f"{link} {kind} {size}", f"{key[0]} {size}", key[0], ""


def _left_out(seen: CollectiveRows, seed: int, steps: int) -> dict[SetKey, Any]:
    """Residuals of the rows of each link technology, by the formula fitted to all others."""
    links = np.array([chip(key[0]).links["scale_up"].technology for key in seen.sets])
    residuals: dict[SetKey, Any] = {}
    for link in np.unique(links):
        away = links == link
        rest = seen.where(~away[seen.code])
        if not len(rest):
            continue
        protocols = fit_protocols(rest, seed, steps)
        for code in np.flatnonzero(away):
            mine = seen.where(seen.code == code)
            if len(mine):
                residuals[seen.sets[code]] = logs_of(protocols, mine, unseen=True)
    return residuals


def _scored(found: Collectives, rows: CollectiveRows) -> dict[SetKey, CollectiveSet]:
    scored = {}
    for code, key in enumerate(rows.sets):
        mine = rows.where(rows.code == code)
        guess = collective_seconds(
            chip(key[0]), key[1], Communication(key[2]), mine.bytes, mine.group, kernel=key[3], found=found
        )
        ratio = guess.seconds / mine.seconds - 1.0
        held_out = {
            "rows": len(mine),
            "mape": float(100.0 * np.mean(np.abs(ratio))),
            "median": float(100.0 * np.median(np.abs(ratio))),
            "bias": float(100.0 * np.mean(ratio)),
            "inside": float(100.0 * np.mean((mine.seconds >= guess.low) & (mine.seconds <= guess.high))),
        }
        scored[key] = replace(found.sets[key], held_out=held_out)
    return scored


def _unseen_errors(residuals: Mapping[SetKey, Any]) -> dict[str, float]:
    mape = {key: 100.0 * np.mean(np.abs(np.exp(-logs) - 1.0)) for key, logs in residuals.items()}
    chips = sorted({key[0] for key in mape})
    return {name: float(np.mean([value for key, value in mape.items() if key[0] == name])) for name in chips}


def _rounded(found: Collectives) -> Collectives:
    """What the file will say."""
    with tempfile.TemporaryDirectory() as folder:
        write_fitted(Path(folder) / "collective.json", found)
        return read_fitted(Path(folder) / "collective.json")


def _about(part: Measurements, rows: CollectiveRows, seed: int, steps: int) -> dict[str, Any]:
    seen = int((rows.part != HELD_OUT).sum())
    return {
        "set": part.set_name,
        "source": part.source.ref,
        "version": VERSION,
        "licence": part.licence,
        "date": datetime.now(UTC).date().isoformat(),
        "seed": seed,
        "split": "by a hash of chip, stack, operation, library, group and size: a tenth fitted, bands from its folds",
        "rows": {"fitted": seen, "held out": len(rows) - seen},
        "steps": steps,
    }
