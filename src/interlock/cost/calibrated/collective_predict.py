"""Calibrated seconds of measured collectives, as a validation asks for them: nan where there is none.

keeps: rows that the fit saw are left out, in whatever copy of the data, and so are rows that repeat another stack's.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from interlock.cost.calibrated.basis import CalibratedTime
from interlock.cost.calibrated.collective import collective_seconds
from interlock.cost.calibrated.collective_sets import SetKey, element_kernel, is_measured, split_text
from interlock.cost.calibrated.collective_store import collectives
from interlock.cost.calibrated.split import HELD_OUT, part_of
from interlock.errors import InputError, UnsupportedError
from interlock.evidence.measurement import Measurements
from interlock.hardware import chip
from interlock.operators import Communication

Column = NDArray[np.float64]


def predict_collectives(measurements: Measurements, *, fitted_rows: bool = False) -> Column:
    """Seconds of each row; nan where there is no calibration, and where a row was seen while fitting."""
    return _columns(measurements, fitted_rows)[0]


def collective_band(measurements: Measurements, _predicted: Column) -> tuple[Column, Column]:
    """The ends of a 90 % band of each row."""
    _, low, high = _columns(measurements, fitted_rows=True)
    return low, high


def _columns(measurements: Measurements, fitted_rows: bool) -> tuple[Column, Column, Column]:
    seconds, low, high = (np.full(len(measurements), np.nan) for _ in range(3))
    known = collectives()
    for rows, part, key in _runs(measurements):
        try:
            found = _priced(part, key)
        except (InputError, UnsupportedError):
            continue
        original = known.copies.get(key, key)
        guess = np.asarray(found.seconds, dtype=float)
        if not fitted_rows and part.set_name == known.fit["set"]:
            if original != key:
                continue
            if original in known.sets:
                sizes = (part["chips"].astype(float), part["message_bytes"].astype(float))
                guess[part_of(split_text(original), sizes, int(known.fit["seed"])) != HELD_OUT] = np.nan
        seconds[rows], low[rows], high[rows] = guess, found.low, found.high
    return seconds, low, high


def _priced(part: Measurements, key: SetKey) -> CalibratedTime:
    group = part["chips"].astype(float)
    if "chips_in_node" in part.columns and np.any(part["chips_in_node"].astype(float) < group):
        raise UnsupportedError("groups of several nodes")
    if not is_measured(key[3]):
        raise UnsupportedError("the launch from Python")
    message = part["message_bytes"].astype(float)
    return collective_seconds(chip(key[0]), key[1], Communication(key[2]), message, group, kernel=key[3] or None)


def _runs(measurements: Measurements) -> Iterator[tuple[NDArray[np.intp], Measurements, SetKey]]:
    """Rows of one chip, stack, operation and kernel."""
    length = len(measurements)
    names = np.asarray(measurements.columns.get("implementation", np.full(length, "")), dtype=str)
    element = np.asarray(measurements.columns.get("element_bytes", np.full(length, 2.0)), dtype=float)
    kernels = np.array([element_kernel(k, b) if k else "" for k, b in zip(names, element, strict=True)], dtype=str)
    columns = [np.asarray(measurements[name], dtype=str) for name in ("chip", "stack", "operation")]
    text = np.array(["\x1f".join(row) for row in zip(*columns, kernels, strict=True)], dtype=str)
    for value in np.unique(text):
        mask = text == value
        name, stack, operation, kernel = str(value).split("\x1f")
        yield np.flatnonzero(mask), measurements.where(mask), (name, stack.lower(), operation, kernel)
