"""Fitting with a family of chips left out: what a chip that nobody measured would have been given.

idea:    the formula alone is fitted, once for each family and group of schemes, to the rows of all other families.
keeps:   the split of the shipped fit: rows that it holds out are not seen here either.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from interlock.cost.calibrated.gemm import COPIES
from interlock.cost.calibrated.left_out import FILE, Family, LeftOut, Parameters, write_left_out
from interlock.cost.calibrated.product_terms import UNIT_CYCLES, product_terms
from interlock.cost.calibrated.schemes import GROUPS, scheme_of
from interlock.cost.calibrated.split import TRAIN, TRAIN_SHARE
from interlock.cost.fitting.gemm import FAMILIES, SETTINGS
from interlock.cost.fitting.rows import Rows, frameworks, read_rows
from interlock.cost.fitting.tables import gemm_tables
from interlock.cost.fitting.train import Codes, Settings, fit_formula
from interlock.errors import UnsupportedError
from interlock.evidence.measurement import Measurements


def refit_left_out(folder: Path, seed: int = 0, to: Path = FILE) -> Path:
    """Fit all families to the full tables and store the parameters."""
    write_left_out(to, fit_left_out(gemm_tables(folder), seed))
    return to


def fit_left_out(measurements: Iterable[Measurements], seed: int = 0, steps: int | None = None) -> LeftOut:
    """Parameters that exclude each family, from measured products; `steps` of the fit, fewer for a trial."""
    parts = list(measurements)
    copies = COPIES.get(parts[0].set_name, np.inf)
    found: dict[Family, dict[tuple[str, str], Any]] = {family: {} for family in FAMILIES}
    for group in GROUPS:
        settings = SETTINGS[group] if steps is None else replace(SETTINGS[group], formula_steps=steps)
        if not any(_of_group(part, group) for part in parts):
            continue
        rows = read_rows(parts, group, seed)
        for family in FAMILIES:
            found[family] |= _without(family, rows, copies, seed, settings)
    fit = {
        "set": parts[0].set_name,
        "source": parts[0].source.ref,
        "licence": parts[0].licence,
        "date": datetime.now(UTC).date().isoformat(),
        "seed": seed,
        "rows": f"the {TRAIN_SHARE:.0%} that the shipped fit trains on, without the family",
        "steps": [settings.formula_steps for settings in SETTINGS.values()] if steps is None else [steps],
    }
    return LeftOut(fit=fit, families=found)


def _of_group(part: Measurements, group: str) -> bool:
    kernel = str(part["kernel"][0]) if "kernel" in part.columns else ""
    try:
        return scheme_of(str(part["weight_format"][0]), str(part["activation_format"][0]), kernel).group == group
    except UnsupportedError:
        return False


def _without(family: Family, rows: Rows, copies: float, seed: int, settings: Settings) -> Parameters:
    away = np.array([key[0] in family for key in rows.sets])
    rest = rows.where((rows.part == TRAIN) & ~away[rows.code])
    if not len(rest):
        return {}
    stacks = frameworks(rows)
    chip_names, chips = rest.codes_of([key[0] for key in rows.sets])
    stack_names, codes = rest.codes_of(stacks)
    counts = (len(rows.sets), len(chip_names), len(stack_names))
    here = rest.facts()
    terms = product_terms(rest.m, rest.n, rest.k, rest.bytes(), here, copies)
    log_units = np.log(rest.seconds * here.clock_hz / UNIT_CYCLES)
    coded = Codes(sets=rest.code, chips=chips, stacks=codes, counts=counts)
    found = fit_formula(terms, log_units, coded, seed, settings)
    seen = {stacks[code] for code in np.unique(rest.code)}
    pairs = {name: name.split("|") for name in stack_names}
    return {
        (pairs[name][0], pairs[name][1]): found.of_stack(code) for code, name in enumerate(stack_names) if name in seen
    }
