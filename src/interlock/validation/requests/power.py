"""Watts of a chip that serves whole batches: joules of all steps, over the seconds that they take, and what is static.

idea:    a batch reads its prompts and decodes at growing contexts, in waves where its caches do not fit; joules are
         counted as seconds are (`batches.py`). Rows of one phase count that phase alone.
symbols: w sequences of a wave, f that fit, b of the batch: floor(b / f) waves of f and one of the rest.
departs: where a set does not state the batch, as many sequences run as fit, up to 128.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from interlock.cost import energy_parts
from interlock.cost.stack import Stacks, stacks
from interlock.errors import InputError
from interlock.evidence.measurement import Measurements, spread
from interlock.inference.step_cost import price_step
from interlock.models import Step, decode, prefill
from interlock.validation.requests.deployment import STEP_TOKENS, Deployment, deployment, growing, mean

Floats = NDArray[np.float64]
_LARGEST_BATCH: Final = 128.0
_PARTS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """Of each row: dynamic joules a chip (arithmetic, memory, cache, links) and predicted seconds; tokens written."""

    joules: Floats
    seconds: Floats
    tokens: Floats


def predict_power(measurements: Measurements, using: Stacks | None = None) -> Floats:
    """Watts of a chip in each row; nan where the chip or the model is in no catalogue."""
    spent = spent_by(measurements, using)
    watts = np.full(len(measurements), np.nan)
    for places, _, d in _groups(measurements, stacks() if using is None else using):
        dynamic = spent.joules[places].sum(axis=1) / spent.seconds[places]
        watts[places] = np.minimum(float(d.chips.static_power) + dynamic, float(d.chips.power))
    return watts


def spent_by(measurements: Measurements, using: Stacks | None = None) -> Spent:
    """Joules and seconds of each row; nan where nothing is known."""
    known = stacks() if using is None else using
    length = len(measurements)
    joules, seconds, tokens = np.full((length, _PARTS), np.nan), np.full(length, np.nan), np.full(length, np.nan)
    for places, rows, d in _groups(measurements, known):
        prompt, output = (np.asarray(rows[name], dtype=float) for name in ("prompt", "output"))
        phase = rows["phase"] if "phase" in rows.columns else np.full(len(rows), "all")
        fitting = np.minimum(d.fitting(prompt + output, _LARGEST_BATCH * prompt), _LARGEST_BATCH)
        batch = np.asarray(rows["batch"], dtype=float) if "batch" in rows.columns else fitting
        fitting = np.minimum(fitting, batch)
        full = np.floor(batch / fitting)
        rest = batch - full * fitting
        reads, writes = (phase != "decode").astype(float), (phase != "prefill").astype(float)
        total, time = np.zeros((len(rows), _PARTS)), np.zeros(len(rows))
        for count, size in ((full, fitting), ((rest > 0).astype(float), np.maximum(rest, 1.0))):
            together = np.minimum(size, np.maximum(np.floor(STEP_TOKENS / prompt), 1.0))
            reading = count * reads * size / together
            decoding = count * writes * (output - 1.0)
            at = growing(prompt, output - 1.0)
            read = _step(d, prefill(together, prompt))
            token = _step(d, decode(size[..., None], at))
            total += reading[:, None] * read[0] + decoding[:, None] * mean_parts(token[0], at)
            time += reading * read[1] + decoding * mean(token[1], at)
        joules[places], seconds[places] = total, time
        tokens[places] = batch * (reads * prompt + writes * output)
    return Spent(joules=joules, seconds=seconds, tokens=tokens)


def mean_parts(values: Floats, like: Floats) -> Floats:
    """The mean over contexts of each part, as a last axis."""
    return np.stack([mean(values[..., part], like) for part in range(_PARTS)], axis=-1)


def _step(d: Deployment, step: Step) -> tuple[Floats, Any]:
    """Joules by part on one chip, and seconds."""
    cost = price_step(d.model, step, d.formats, d.parallelism, d.chips, skew=d.skew)
    shape = np.shape(cost.time)
    total = np.zeros((*shape, _PARTS))
    for item in cost.operators:
        parts = energy_parts(item.operator, item.time, d.chips)
        for place, part in enumerate(parts):
            total[..., place] += part * item.operator.count
    return total, np.asarray(cost.time)


def _groups(measurements: Measurements, known: Stacks) -> Iterator[tuple[NDArray[np.intp], Measurements, Deployment]]:
    length = len(measurements)
    defaults = spread(
        weight_format=np.full(length, "fp16"), activation_format="fp16", kv_format="fp16", pipeline=1.0, expert=1.0
    )
    columns = {**defaults, **measurements.columns, "place": np.arange(length)}
    columns.setdefault("tensor", columns.get("chips", np.ones(length)))
    names = ("chip", "stack", "model", "weight_format", "activation_format", "kv_format", "tensor")
    for key, rows in replace(measurements, columns=columns).groups(*names):
        if key[1] not in known:
            continue
        try:
            d = deployment(
                key[0],
                key[2],
                (key[3], key[4], key[5]),
                (float(key[6]), 1.0, 1.0, 1.0),
                stack=known[key[1]],
                skew=0.0,
                calibrated=False,
            )
        except InputError:  # a chip or a model that no catalogue has
            continue
        yield np.asarray(rows["place"]), rows, d
