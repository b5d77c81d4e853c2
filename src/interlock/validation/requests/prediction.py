"""What the formulas say of each measured request: group by group, one call for all rows of a deployment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace

import numpy as np
from numpy.typing import NDArray

from interlock.errors import InputError, UnsupportedError
from interlock.evidence.measurement import Column, Measurements
from interlock.validation.requests.batches import Work, price_batches
from interlock.validation.requests.deployment import Deployment, deployment
from interlock.validation.requests.load import load_work, price_load
from interlock.validation.requests.stack import Stack, Stacks, stacks

Floats = NDArray[np.float64]
_FORMATS = ("weight_format", "activation_format", "kv_format")
_DEGREES = ("tensor", "pipeline", "expert", "data")


def predict(measurements: Measurements, using: Stacks | None = None) -> Floats:
    """The measured quantity of each row; nan where the chip or the model is in no catalogue.

    Args:
        measurements: rows of the family "request".
        using: the stacks, by name; those of `data/cost/stacks.toml` if None.

    Raises:
        UnsupportedError: rows of another family.
    """
    known = stacks() if using is None else using
    return _priced(measurements, known, bound=False)


def bound(measurements: Measurements) -> Floats:
    """What nothing can beat: no stack, full peaks, no launches and no latencies."""
    ideal = stacks()["ideal"]
    return _priced(measurements, dict.fromkeys(map(str, np.unique(measurements["stack"])), ideal), bound=True)


def work_of(measurements: Measurements, using: Stacks | None = None) -> Work:
    """What a fit of the stacks needs: the work of static batches and of times per token; nan for other rows."""
    columns = {field.name: np.full(len(measurements), np.nan) for field in fields(Work)}
    for _, places, rows, d in _groups(measurements, stacks() if using is None else using, bound=False):
        work = price_batches(rows, d) if np.all(rows["static"] == 1) else load_work(rows, d)
        for name, column in columns.items():
            column[places] = getattr(work, name)
    return Work(**columns)


def _priced(measurements: Measurements, known: Stacks, *, bound: bool) -> Floats:
    if measurements.family != "request":
        raise UnsupportedError(f"{measurements.family} is not of requests")
    found = np.full(len(measurements), np.nan)
    for stack, places, rows, d in _groups(measurements, known, bound=bound):
        static = np.all(rows["static"] == 1)
        found[places] = price_batches(rows, d).value(stack) if static else price_load(rows, d, stack)
    return found


def _groups(
    measurements: Measurements, known: Stacks, *, bound: bool
) -> Iterator[tuple[Stack, NDArray[np.intp], Measurements, Deployment]]:
    """The stack, places and rows of each group that one deployment serves."""
    length = len(measurements)
    numbered: dict[str, Column] = {"static": np.zeros(length), "skew": np.zeros(length)} | dict(measurements.columns)
    numbered["place"] = np.arange(length)
    names = ("chip", "stack", "model", *_FORMATS, *_DEGREES, "skew", "static")
    with np.errstate(divide="ignore", invalid="ignore"):
        for key, rows in replace(measurements, columns=numbered).groups(*names):
            if key[1] not in known:
                continue
            try:
                d = deployment(
                    key[0],
                    key[2],
                    (key[3], key[4], key[5]),
                    (float(key[6]), float(key[7]), float(key[8]), float(key[9])),
                    stack=key[1],
                    reserve_bytes=known[key[1]].reserve_bytes,
                    skew=float(key[10]),
                    bound=bound,
                )
            except InputError:  # a chip or a model that no catalogue has
                continue
            yield known[key[1]], np.asarray(rows["place"]), rows, d
