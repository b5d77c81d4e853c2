"""Fitting the families that share one form: rows in, coefficients with bands and held-out errors out.

idea:    as for products (`gemm.py`): 8 % of the rows of each set train, 2 % set the bands, the rest only scores the
         result, with the NumPy code and the rounded coefficients that are shipped.
keeps:   held-out rows choose nothing. Bands of chips that were not measured come from families of chips left out, whose
         kernels are not told either.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np

from interlock.catalogue import DATA
from interlock.cost.calibrated import attention, experts, latent_attention, scan
from interlock.cost.calibrated.coefficients import SIZES_S, Coefficients, Fitted, Key, write_coefficients
from interlock.cost.calibrated.form import Family, feature_matrix, unit_s
from interlock.cost.calibrated.kernels import shared_sets
from interlock.cost.calibrated.operators import by_parameters, priced
from interlock.cost.calibrated.selection import stack_family
from interlock.cost.calibrated.split import BAND, BAND_SHARE, HELD_OUT, TRAIN, TRAIN_SHARE
from interlock.cost.fitting.gemm import FAMILIES as CHIP_FAMILIES
from interlock.cost.fitting.gemm import rounded, unseen_errors
from interlock.cost.fitting.held_out import ENOUGH, band, errors, unseen_band
from interlock.cost.fitting.operator_rows import OperatorRows, formats_of, read_operator_rows
from interlock.cost.fitting.operator_tables import operator_tables
from interlock.cost.fitting.tables import VERSION
from interlock.cost.fitting.train import Codes, Formula, Settings, fit_network, fit_parameters
from interlock.evidence.measurement import Measurements

_LEVELS: Final = (8, 16, 64, 256)  # rows that a set trained on: few make its errors larger
FAMILIES: Final[tuple[Family, ...]] = (
    *attention.FAMILIES.values(),
    *latent_attention.FAMILIES.values(),
    experts.FAMILY,
    scan.FAMILY,
)
_FEW: Final = Settings(
    bound=0.9, hidden=48, decay=1e-2, network_batch=1024, network_steps=1000, noise=0.1, forgotten=0.25
)
_MANY: Final = Settings(bound=0.9)
SETTINGS: Final[dict[str, Settings]] = {
    "attention-prefill": _MANY,
    "attention-decode": _MANY,
    "latent-attention-prefill": _FEW,
    "latent-attention-decode": _FEW,
    "experts": replace(_MANY, network_steps=2500, embedding=12, bound=1.2),
    "scan": replace(_FEW, bound=1.2),
}  # chosen on rows of the band part only


def refit_family(family: Family, folder: Path, seed: int = 0, to: Path = DATA / "calibrations") -> Path:
    """Fit a family to the full tables and store the coefficients: the whole of a clean re-fit."""
    path = to / f"{family.name}.json"
    write_coefficients(path, fit_operators(family, operator_tables(folder, family.name), seed))
    return path


def fit_operators(
    family: Family, measurements: Iterable[Measurements], seed: int = 0, steps: int | None = None
) -> Coefficients:
    """Coefficients of one family from its measurements; `steps` of the network, fewer for a trial."""
    parts = iter(measurements)
    first = next(parts)
    settings = SETTINGS[family.name]
    if steps is not None:
        settings = replace(settings, network_steps=steps, formula_steps=min(steps, settings.formula_steps))
    rows = read_operator_rows(family, _with(first, parts), seed)
    found = _trained(rows, seed, settings)
    residuals = _left_out(rows, seed, settings)
    found = replace(found, unseen_band=unseen_band(residuals), unseen_held_out=unseen_errors(residuals))
    found = rounded(replace(found, fit=_about(first, rows, seed, settings)))
    return replace(found, sets=_scored(found, rows))


def _trained(rows: OperatorRows, seed: int, settings: Settings) -> Coefficients:
    family, fit = rows.family, rows.where(rows.part == TRAIN)
    codes, places = _codes(rows, fit)
    here, each = fit.facts(), fit.bytes()
    terms = family.terms(fit.columns, each, here, family.copies)
    columns = (*terms.hidden, *terms.added)
    log_units = np.log(fit.seconds / unit_s(here))
    parameters = fit_parameters(columns, family.units, family.starts, log_units, codes, seed, settings)
    own_parameters = [parameters.of_set(*place) for place in places]
    of_rows = {name: np.array([p[name] for p in own_parameters], np.float32)[fit.code] for name in family.starts}
    logs = log_units - np.log(family.units(columns, of_rows))
    network, own = fit_network(feature_matrix(family, fit.columns, each, here, terms), logs, codes, seed, settings)
    every = range(len(rows.sets))
    return Coefficients(
        fit={},
        facts={(rows.sets[code][0], rows.sets[code][2]): rows.facts_of(code) for code in every},
        network=network,
        sets={
            rows.sets[code]: Fitted(
                parameters=own_parameters[code], own=own(*places[code]), band=((0.0, 0.0),) * 3, held_out={}
            )
            for code in every
        },
        unseen=_unseen(parameters, sorted(set(rows.stacks()))),
        unseen_band=(0.0, 0.0),
        unseen_held_out={},
        kernels=rows.kernels(every),
    )


def _left_out(rows: OperatorRows, seed: int, settings: Settings) -> dict[Key, Any]:
    """Residuals on the fitted rows of each family of chips, by the formula fitted to all other families."""
    family = rows.family
    residuals: dict[Key, Any] = {}
    for chips in CHIP_FAMILIES:
        away = np.array([key[0] in chips for key in rows.sets])
        if not away.any() or away.all():
            continue
        rest = rows.where((rows.part == TRAIN) & ~away[rows.code])
        codes, _ = _codes(rows, rest)
        here = rest.facts()
        terms = family.terms(rest.columns, rest.bytes(), here, family.copies)
        log_units = np.log(rest.seconds / unit_s(here))
        fitted = fit_parameters(
            (*terms.hidden, *terms.added), family.units, family.starts, log_units, codes, seed, settings
        )
        stacks = rows.stacks()
        known = {stacks[code] for code in np.unique(rest.code)}
        shared = {key: one for key, one in _unseen(fitted, sorted(set(stacks))).items() if "|".join(key) in known}
        kernels = rows.kernels(np.flatnonzero(~away))
        for code in np.flatnonzero(away):
            some = rows.where((rows.part != HELD_OUT) & (rows.code == code))
            guesses = _by_shared(some, int(code), shared, kernels)
            if guesses is not None:
                residuals[rows.sets[code]] = guesses
    return residuals


def _by_shared(some: OperatorRows, code: int, shared: Mapping[tuple[str, str], Any], kernels: Mapping[Key, Any]) -> Any:
    """Logarithm of measured over predicted for rows of one set, as a chip that was not measured is priced."""
    _, stack, scheme = some.sets[code]
    found = []
    for kind in np.unique(some.kind):
        one = some.where(some.kind == kind)
        keys = shared_sets(shared, kernels, stack_family(stack), formats_of(scheme), "", int(kind))
        if keys:
            guess = by_parameters(
                some.family, [shared[key] for key in keys], one.columns, some.bytes_of(code), some.facts_of(code),
                some.family.copies,
            )  # fmt: skip
            found.append(np.log(one.seconds / guess))
    return np.concatenate(found) if found else None


def _scored(found: Coefficients, rows: OperatorRows) -> dict[Key, Fitted]:
    """Bands from the band part, then errors on the rows that were never seen."""
    family, copies = rows.family, rows.family.copies
    own = [rows.where(rows.code == code) for code in range(len(rows.sets))]
    guesses = []
    for code, (key, one) in enumerate(zip(rows.sets, own, strict=True)):
        here, each = found.facts[key[0], key[2]], rows.bytes_of(code)
        guesses.append(priced(family, found, found.sets[key], one.columns, each, here, here, copies))
    residuals = [np.log(one.seconds / guess) for one, guess in zip(own, guesses, strict=True)]
    calibration = [logs[one.part == BAND] for one, logs in zip(own, residuals, strict=True)]
    pools = _pools(rows.sets, calibration, [int((one.part == TRAIN).sum()) for one in own])
    scored = {}
    for key, one, guess, mine, pool in zip(rows.sets, own, guesses, calibration, pools, strict=True):
        ends = band(mine, guess[one.part == BAND], pool)
        away = one.part == HELD_OUT
        score = errors(guess[away], one.seconds[away], ends) if away.any() else {}
        scored[key] = replace(found.sets[key], band=ends, held_out=score)
    return scored


def _pools(sets: Sequence[Key], calibration: Sequence[Any], trained: Sequence[int]) -> list[Any]:
    """What stands in for a set with few band rows: sets that learnt from as few, of its scheme if these have enough."""
    schemes = np.array([key[2] for key in sets])
    level = np.digitize(trained, _LEVELS)
    pools = []
    for code in range(len(sets)):
        for mask in ((schemes == schemes[code]) & (level == level[code]), level == level[code], level >= 0):
            pool = np.concatenate([calibration[place] for place in np.flatnonzero(mask).tolist()])
            if len(pool) >= ENOUGH:
                break
        pools.append(pool)
    return pools


def _codes(rows: OperatorRows, some: OperatorRows) -> tuple[Codes, list[tuple[int, int, int]]]:
    """Codes of some of the rows, and the codes of set, chip and stack family of each set."""
    chips = np.unique([key[0] for key in rows.sets], return_inverse=True)
    stacks = np.unique(rows.stacks(), return_inverse=True)
    counts = (len(rows.sets), len(chips[0]), len(stacks[0]))
    codes = Codes(sets=some.code, chips=chips[1][some.code], stacks=stacks[1][some.code], counts=counts)
    return codes, [(code, int(chips[1][code]), int(stacks[1][code])) for code in range(len(rows.sets))]


def _unseen(found: Formula, stacks: list[str]) -> dict[tuple[str, str], Mapping[str, float]]:
    """Parameters of a chip that was not measured, by stack family and scheme."""
    pairs = [name.split("|") for name in stacks]
    return {(pair[0], pair[1]): found.of_stack(code) for code, pair in enumerate(pairs)}


def _with(first: Measurements, others: Iterable[Measurements]) -> Iterable[Measurements]:
    yield first
    yield from others


def _about(part: Measurements, rows: OperatorRows, seed: int, settings: Settings) -> dict[str, Any]:
    return {
        "set": part.set_name,
        "source": part.source.ref,
        "version": VERSION,
        "licence": part.licence,
        "date": datetime.now(UTC).date().isoformat(),
        "seed": seed,
        "split": f"by a hash of set and shape: {TRAIN_SHARE:.0%} train, {BAND_SHARE:.0%} bands, the rest held out",
        "rows": {name: int((rows.part == code).sum()) for name, code in
                 (("train", TRAIN), ("bands", BAND), ("held out", HELD_OUT))},
        "sizes_s": list(SIZES_S),
        "steps": [settings.formula_steps, settings.network_steps],
    }  # fmt: skip
