"""Fitting with a family of chips left out: what a chip that nobody measured would have been given.

idea:    the formula alone is fitted, once for each family and group of schemes, to the rows of all other families.
keeps:   the split of the shipped fit: rows that it holds out are not seen here either.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from interlock.cost.calibrated.gemm import COPIES
from interlock.cost.calibrated.left_out import Family, LeftOut
from interlock.cost.calibrated.schemes import GROUPS, scheme_of
from interlock.cost.fitting.gemm import FAMILIES, SETTINGS, about_left_out, without
from interlock.cost.fitting.rows import read_rows
from interlock.errors import UnsupportedError
from interlock.evidence.measurement import Measurements


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
            found[family] |= without(family, rows, copies, seed, settings)
    fit = about_left_out(parts[0], seed) | ({} if steps is None else {"steps": [steps]})
    return LeftOut(fit=fit, families=found)


def _of_group(part: Measurements, group: str) -> bool:
    kernel = str(part["kernel"][0]) if "kernel" in part.columns else ""
    try:
        return scheme_of(str(part["weight_format"][0]), str(part["activation_format"][0]), kernel).group == group
    except UnsupportedError:
        return False
