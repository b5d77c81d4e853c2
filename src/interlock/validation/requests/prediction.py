"""What the formulas say of each measured request: group by group, one call for all rows of a deployment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from interlock.cost.stack import PARTS, Stack, Stacks, stacks
from interlock.errors import InputError, UnsupportedError
from interlock.evidence.measurement import Column, Measurements
from interlock.validation.requests.batches import Run, price_batches
from interlock.validation.requests.deployment import Deployment, deployment
from interlock.validation.requests.load import load_run, price_load

Floats = NDArray[np.float64]
_FORMATS = ("weight_format", "activation_format", "kv_format")
_DEGREES = ("tensor", "pipeline", "expert", "data")


def predict(measurements: Measurements, using: Stacks | None = None, *, calibrated: bool = True) -> Floats:
    """The measured quantity of each row; nan where the chip or the model is in no catalogue.

    Args:
        measurements: rows of the family "request".
        using: the stacks, by name; those of `data/cost/stacks.toml` if None.
        calibrated: kernels by what was measured of them, where it was; else by first principles.

    Raises:
        UnsupportedError: rows of another family.
    """
    known = stacks() if using is None else using
    return _priced(measurements, known, calibrated=calibrated)


def bound(measurements: Measurements) -> Floats:
    """What nothing can beat: no stack, full peaks, no launches and no latencies."""
    ideal = stacks()["ideal"]
    names = map(str, np.unique(measurements["stack"]))
    return _priced(measurements, {name: replace(ideal, name=name) for name in names}, calibrated=False, bound=True)


def run_of(measurements: Measurements, using: Stacks | None = None, *, calibrated: bool = True) -> Run:
    """What a fit of the stacks needs: the work of static batches and of times per token; nan for other rows."""
    work, prompts = (np.full((len(PARTS), len(measurements)), np.nan) for _ in range(2))
    tokens = np.full(len(measurements), np.nan)
    known = stacks() if using is None else using
    for _, places, rows, d in _groups(measurements, known, calibrated=calibrated, bound=False):
        run = price_batches(rows, d) if np.all(rows["static"] == 1) else load_run(rows, d)
        work[:, places], prompts[:, places], tokens[places] = run.work, run.prompts, run.tokens
    return Run(work=work, prompts=prompts, tokens=tokens)


def _priced(measurements: Measurements, known: Stacks, *, calibrated: bool, bound: bool = False) -> Floats:
    if measurements.family != "request":
        raise UnsupportedError(f"{measurements.family} is not of requests")
    found = np.full(len(measurements), np.nan)
    for stack, places, rows, d in _groups(measurements, known, calibrated=calibrated, bound=bound):
        static = np.all(rows["static"] == 1)
        found[places] = price_batches(rows, d).value(stack) if static else price_load(rows, d, stack)
    return found


def _groups(
    measurements: Measurements, known: Stacks, *, calibrated: bool, bound: bool
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
                    stack=known[key[1]],
                    skew=float(key[10]),
                    calibrated=calibrated,
                    bound=bound,
                )
            except InputError:  # a chip or a model that no catalogue has
                continue
            yield known[key[1]], np.asarray(rows["place"]), rows, d
