"""Seconds of measured training steps, group by group: one call for all rows of a model on a chip.

departs: what a set does not say of its runs is taken as its authors' framework does it by default (`training.toml`):
         vTrain's rows keep all activations; llm-foundry's scatter gradients in the format of its mixed precision.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from interlock.cost import Chips
from interlock.errors import InputError, UnsupportedError
from interlock.evidence.measurement import Column, Measurements
from interlock.hardware.catalogue import chip as read_chip
from interlock.models import Formats, scheme
from interlock.parallel import Parallelism
from interlock.training import Job, StepWork, TrainingStack, step_work, training_stacks
from interlock.validation.training.shapes import named, shaped

Floats = NDArray[np.float64]
Work = tuple[NDArray[np.intp], str, StepWork]  # places of rows, their stack, their work
_DEFAULTS = {
    "width": 0.0, "layers": 0.0, "heads": 0.0, "interleaved": 1.0, "recompute": 0.0, "sequence": 0.0, "zero": 0.0,
    "gradient_bytes": 4.0,
}  # fmt: skip
_GROUPED = ("chip", "stack", "model", "width", "layers", "heads", "recompute", "sequence", "zero", "gradient_bytes",
            "activation_format")  # fmt: skip


def predict(measurements: Measurements, using: Mapping[str, TrainingStack] | None = None) -> Floats:
    """Seconds of each row; nan where the chip, the stack or the model is unknown.

    Raises:
        UnsupportedError: rows of another family.
    """
    known = training_stacks() if using is None else using
    return seconds_under(known, step_works(measurements, known), len(measurements))


def seconds_under(known: Mapping[str, TrainingStack], works: Iterable[Work], rows: int) -> Floats:
    """Seconds of each row from the work of all of them."""
    found = np.full(rows, np.nan)
    for places, name, work in works:
        found[places] = np.broadcast_to(np.asarray(work.under(known[name]).time, dtype=float), places.shape)
    return found


def step_works(measurements: Measurements, known: Mapping[str, TrainingStack]) -> Iterator[Work]:
    """The places of rows of one kind, their stack, and what their steps are made of, as columns.

    Raises:
        UnsupportedError: rows of another family.
    """
    if measurements.family != "training":
        raise UnsupportedError(f"{measurements.family} is not of training")
    length = len(measurements)
    columns: dict[str, Column] = {name: np.full(length, value) for name, value in _DEFAULTS.items()}
    columns["activation_format"] = np.full(length, "bf16")
    columns |= dict(measurements.columns)
    columns["place"] = np.arange(length)
    for key, rows in replace(measurements, columns=columns).groups(*_GROUPED):
        named_by = dict(zip(_GROUPED, key, strict=True))
        if named_by["stack"] not in known:
            continue
        try:
            chips = Chips.of(read_chip(named_by["chip"]))
            job = _job(rows, named_by, known[named_by["stack"]])
        except InputError:
            continue
        yield np.asarray(rows["place"], dtype=np.intp), named_by["stack"], step_work(job, chips)


def _job(rows: Measurements, key: Mapping[str, str], stack: TrainingStack) -> Job:
    shape = [int(float(key[name])) for name in ("width", "layers", "heads")]
    model = shaped(key["model"], *shape) if all(shape) else named(key["model"])
    numbers = {name: np.asarray(rows[name], dtype=float) for name in
               ("tensor", "pipeline", "data", "batch", "microbatch", "tokens", "interleaved")}  # fmt: skip
    sequence = float(key["sequence"]) > 0
    operand = key["activation_format"]
    return Job(
        model=model,
        batch=numbers["batch"],
        microbatch=numbers["microbatch"],
        tokens=numbers["tokens"],
        parallelism=Parallelism(
            tensor=numbers["tensor"], pipeline=numbers["pipeline"], data=numbers["data"], sequence=sequence
        ),
        chunks=numbers["interleaved"],
        recompute="full" if float(key["recompute"]) > 0 else "selective" if sequence else "none",
        zero=int(float(key["zero"])),
        fused_attention=stack.fused_attention,
        dropout=stack.dropout,
        gradient_bytes=float(key["gradient_bytes"]),
        formats=Formats.of(scheme(operand, operand)),
    )
