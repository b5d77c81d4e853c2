"""Fitting products: rows in, coefficients with bands and held-out errors out.

idea:    8 % of the rows of each set train, 2 % set the bands, the rest only scores the result, with the NumPy code
         and the rounded coefficients that are shipped.
keeps:   held-out rows choose nothing. Bands of chips that were not measured come from families of chips left out.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np

from interlock.catalogue import DATA
from interlock.cost.calibrated.coefficients import (
    Coefficients,
    Fitted,
    Key,
    read_coefficients,
    write_coefficients,
)
from interlock.cost.calibrated.facts import facts
from interlock.cost.calibrated.features import product_features
from interlock.cost.calibrated.gemm import COPIES, bytes_of, formula, priced
from interlock.cost.calibrated.left_out import LeftOut, write_left_out
from interlock.cost.calibrated.product_terms import UNIT_CYCLES, product_terms, product_units
from interlock.cost.calibrated.schemes import GROUPS, SCHEMES
from interlock.cost.calibrated.split import BAND, BAND_SHARE, HELD_OUT, TRAIN, TRAIN_SHARE
from interlock.cost.fitting.held_out import band, errors, unseen_band
from interlock.cost.fitting.rows import Rows, frameworks, read_rows
from interlock.cost.fitting.tables import VERSION, gemm_tables
from interlock.cost.fitting.train import Codes, Formula, Settings, fit_formula, fit_network
from interlock.evidence.measurement import Measurements

SETTINGS: Final[dict[str, Settings]] = {
    "wide": Settings(formula_steps=500),  # fewer make chips that were left out worse, by 0.6 points at 200
    "narrow": Settings(formula_steps=500, network_steps=2000, embedding=12, bound=1.0),
}
FAMILIES: Final = (
    ("a100-80g",),
    ("h100-sxm", "h200-sxm"),
    ("b200-sxm", "gb200", "b300-sxm", "gb300"),
    ("l40s",),
    ("rtx-pro-6000-server",),
    ("arc-pro-b60",),
)  # left out one after the other: siblings would give each other away


Shared = dict[tuple[str, str], Mapping[str, float]]  # parameters by stack family and scheme


def refit(folder: Path, seed: int = 0, to: Path = DATA / "calibrations") -> list[Path]:
    """Fit every group of schemes to the full tables and store what was found: the whole of a clean re-fit."""
    parts = list(gemm_tables(folder))
    paths: list[Path] = []
    families: dict[tuple[str, ...], Shared] = {}
    for group in GROUPS:
        found, left_out = fit_products(parts, seed, group=group)
        paths.append(to / f"gemm-{group}.json")
        write_coefficients(paths[-1], found)
        for family, shared in left_out.items():
            families.setdefault(family, {}).update(shared)
    paths.append(to / "gemm-left-out.json")
    write_left_out(paths[-1], LeftOut(fit=about_left_out(parts[0], seed), families=families))
    return paths


def fit_gemm(
    measurements: Iterable[Measurements], seed: int = 0, steps: int | None = None, *, group: str = "wide"
) -> Coefficients:
    """Coefficients of one group of schemes from measured products; `steps` of the network, fewer for a trial."""
    return fit_products(measurements, seed, steps, group=group)[0]


def fit_products(
    measurements: Iterable[Measurements], seed: int = 0, steps: int | None = None, *, group: str = "wide"
) -> tuple[Coefficients, dict[tuple[str, ...], Shared]]:
    """Coefficients of one group of schemes, and the shared parameters that each family of chips had no part in."""
    parts = list(measurements)
    settings = SETTINGS[group]
    if steps is not None:
        settings = replace(settings, network_steps=steps, formula_steps=min(steps, settings.formula_steps))
    rows = read_rows(parts, group, seed)
    copies = COPIES.get(parts[0].set_name, np.inf)
    found = _trained(rows, copies, seed, settings)
    there = {key[0] for key in rows.sets}
    families: dict[tuple[str, ...], Shared] = {
        family: without(family, rows, copies, seed, settings) if there & {*family} else dict(found.unseen)
        for family in FAMILIES
    }
    residuals = _left_out(rows, copies, families)
    found = replace(found, unseen_band=unseen_band(residuals), unseen_held_out=unseen_errors(residuals))
    found = rounded(replace(found, fit=_about(parts[0], rows, seed, settings, group)))
    return replace(found, sets=_scored(found, rows, copies)), families


def _trained(rows: Rows, copies: float, seed: int, settings: Settings) -> Coefficients:
    fit = rows.where(rows.part == TRAIN)
    chips, stacks = [key[0] for key in rows.sets], frameworks(rows)
    codes = _codes(fit, chips, stacks)
    chip_codes, stack_codes = np.unique(chips, return_inverse=True)[1], np.unique(stacks, return_inverse=True)[1]
    here, each = fit.facts(), fit.bytes()
    terms = product_terms(fit.m, fit.n, fit.k, each, here, copies)
    log_units = np.log(fit.seconds * here.clock_hz / UNIT_CYCLES)
    parameters = fit_formula(terms, log_units, codes, seed, settings)
    places = [(code, chip_codes[code], stack_codes[code]) for code in range(len(rows.sets))]
    own_parameters = [parameters.of_set(*place) for place in places]
    columns = {name: np.array([p[name] for p in own_parameters], np.float32)[fit.code] for name in own_parameters[0]}
    logs = log_units - np.log(product_units(terms, columns))
    network, own = fit_network(product_features(fit.m, fit.n, fit.k, each, here), logs, codes, seed, settings)
    sets = {
        key: Fitted(parameters=own_parameters[code], own=own(*places[code]), band=((0.0, 0.0),) * 3, held_out={})
        for code, key in enumerate(rows.sets)
    }
    fixed = {
        (key[0], key[2]): facts(one, SCHEMES[key[2]].operand) for key, one in zip(rows.sets, rows.chips(), strict=True)
    }
    return Coefficients(
        fit={}, facts=fixed, network=network, sets=sets, unseen=_unseen(parameters, stacks), unseen_band=(0.0, 0.0),
        unseen_held_out={},
    )  # fmt: skip


def without(family: tuple[str, ...], rows: Rows, copies: float, seed: int, settings: Settings) -> Shared:
    """Parameters fitted to the rows that train, without a family of chips; none where that is all there is."""
    away = np.array([key[0] in family for key in rows.sets])
    if away.all():
        return {}
    stacks = frameworks(rows)
    rest = rows.where((rows.part == TRAIN) & ~away[rows.code])
    codes = _codes(rest, [key[0] for key in rows.sets], stacks)
    here = rest.facts()
    terms = product_terms(rest.m, rest.n, rest.k, rest.bytes(), here, copies)
    fitted = fit_formula(terms, np.log(rest.seconds * here.clock_hz / UNIT_CYCLES), codes, seed, settings)
    return _unseen(fitted, stacks, known={stacks[code] for code in np.unique(rest.code)})


def _left_out(rows: Rows, copies: float, families: Mapping[tuple[str, ...], Shared]) -> dict[Key, Any]:
    """Residuals on the fitted rows of each family of chips, by the formula fitted to all other families."""
    residuals: dict[Key, Any] = {}
    for family, shared in families.items():
        away = np.array([key[0] in family for key in rows.sets])
        for code in np.flatnonzero(away) if shared else ():
            guesses = _by_shared(rows.where((rows.part != HELD_OUT) & (rows.code == code)), shared, copies)
            if guesses is not None:
                residuals[rows.sets[code]] = guesses
    return residuals


def _by_shared(some: Rows, shared: Mapping[tuple[str, str], Any], copies: float) -> Any:
    """Logarithm of measured over predicted for rows of one set, as a chip that was not measured is priced."""
    stack, scheme = frameworks(some)[int(some.code[0])].split("|")
    known = [key for key in shared if key[1] == scheme]
    used = [key for key in known if key[0] == stack] or known
    if not used:
        return None
    here, each = some.facts(), some.bytes()
    logs = [np.log(formula(shared[key], some.m, some.n, some.k, each, here, copies)) for key in used]
    return np.log(some.seconds) - np.mean(logs, axis=0)


def _scored(found: Coefficients, rows: Rows, copies: float) -> dict[Key, Fitted]:
    """Bands from the band part, then errors on the rows that were never seen."""
    own = [rows.where(rows.code == code) for code in range(len(rows.sets))]
    guesses = []
    for key, one in zip(rows.sets, own, strict=True):
        here, each = found.facts[key[0], key[2]], bytes_of(SCHEMES[key[2]])
        guesses.append(priced(found, found.sets[key], one.m, one.n, one.k, each, here, here, copies))
    residuals = [np.log(one.seconds / guess) for one, guess in zip(own, guesses, strict=True)]
    every = np.concatenate([logs[one.part == BAND] for one, logs in zip(own, residuals, strict=True)])
    scored = {}
    for key, one, guess, logs in zip(rows.sets, own, guesses, residuals, strict=True):
        ends = band(logs[one.part == BAND], guess[one.part == BAND], every)
        away = one.part == HELD_OUT
        scored[key] = replace(found.sets[key], band=ends, held_out=errors(guess[away], one.seconds[away], ends))
    return scored


def rounded(found: Coefficients) -> Coefficients:
    """What the file will say."""
    with tempfile.TemporaryDirectory() as folder:
        write_coefficients(Path(folder) / "coefficients.json", found)
        return read_coefficients(Path(folder) / "coefficients.json")


def _codes(rows: Rows, chips: list[str], stacks: list[str]) -> Codes:
    chip_names, chip_codes = rows.codes_of(chips)
    stack_names, stack_codes = rows.codes_of(stacks)
    counts = (len(rows.sets), len(chip_names), len(stack_names))
    return Codes(sets=rows.code, chips=chip_codes, stacks=stack_codes, counts=counts)


def _unseen(found: Formula, stacks: list[str], known: set[str] | None = None) -> Shared:
    """Parameters of a chip that was not measured, by stack family and scheme."""
    names = sorted(set(stacks))
    pairs = [name.split("|") for name in names]
    return {
        (pair[0], pair[1]): found.of_stack(code)
        for code, (name, pair) in enumerate(zip(names, pairs, strict=True))
        if known is None or name in known
    }


def unseen_errors(residuals: Mapping[Key, Any]) -> dict[str, float]:
    """Mean absolute error in percent on each chip that was left out, the mean of its sets."""
    chips = sorted({key[0] for key in residuals})
    mape = {key: 100.0 * np.mean(np.abs(np.exp(-logs) - 1.0)) for key, logs in residuals.items()}
    return {name: float(np.mean([value for key, value in mape.items() if key[0] == name])) for name in chips}


def about_left_out(part: Measurements, seed: int) -> dict[str, Any]:
    """What the parameters without a family were fitted to."""
    return {
        "set": part.set_name,
        "source": part.source.ref,
        "version": VERSION,
        "licence": part.licence,
        "date": datetime.now(UTC).date().isoformat(),
        "seed": seed,
        "rows": f"the {TRAIN_SHARE:.0%} that the shipped fit trains on, without the family",
        "steps": [settings.formula_steps for settings in SETTINGS.values()],
    }


def _about(part: Measurements, rows: Rows, seed: int, settings: Settings, group: str) -> dict[str, Any]:
    return {
        "set": part.set_name,
        "source": part.source.ref,
        "version": VERSION,
        "licence": part.licence,
        "date": datetime.now(UTC).date().isoformat(),
        "seed": seed,
        "split": f"by a hash of set and sizes: {TRAIN_SHARE:.0%} train, {BAND_SHARE:.0%} bands, the rest held out",
        "rows": {name: int((rows.part == code).sum()) for name, code in
                 (("train", TRAIN), ("bands", BAND), ("held out", HELD_OUT))},
        "schemes": [name for name, scheme in SCHEMES.items() if scheme.group == group],
        "steps": [settings.formula_steps, settings.network_steps],
    }  # fmt: skip
