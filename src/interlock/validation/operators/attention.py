"""Attention kernels, as `models/blocks/attention.py` lowers them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from interlock.cost import Chips
from interlock.evidence.measurement import Measurements
from interlock.models.blocks import Attention
from interlock.models.context import Context
from interlock.models.formats import Formats
from interlock.models.step import Step, decode, prefill
from interlock.numerics import number_format
from interlock.operators import compute_code
from interlock.validation.operators.lowered import Lowered, formats, number, pick, text

_SHAPE = ("heads", "kv_heads", "head_dim", "window")


def lower(measurements: Measurements, chips: Chips) -> Iterator[Lowered]:
    """Rows of the same heads and the same window go through one block."""
    phases = text(measurements, "phase", "decode")
    shapes = np.stack([number(measurements, name) for name in _SHAPE], axis=1)
    f = _in_activations(measurements, formats(measurements, chips), chips)
    for phase in np.unique(phases):
        here = np.flatnonzero(phases == phase)
        unique, inverse = np.unique(shapes[here], axis=0, return_inverse=True)
        for place, shape in enumerate(unique):
            rows = here[inverse == place]
            part = measurements.where(_mask(rows, len(measurements)))
            yield Lowered(rows=rows, operators=[_attend(part, str(phase), shape, pick(f, rows))], chips=chips)


def _attend(part: Measurements, phase: str, shape: Any, f: Formats) -> Any:
    heads, kv_heads, head_dim, window = (int(value) for value in shape)
    block = Attention(heads=heads, kv_heads=kv_heads, head_dim=head_dim, window=window or None)
    step = step_of(part, phase)
    context = Context(step=step, formats=f, width=heads * head_dim, tokens=step.tokens, causal=phase != "encoder")
    return next(operator for operator in block.operators(context) if operator.name.startswith("attend"))


def step_of(part: Measurements, phase: str) -> Step:
    """New tokens after those in the cache, or one new token a sequence."""
    sequences, context = number(part, "sequences"), number(part, "context", 0.0)
    return decode(sequences, context) if phase == "decode" else prefill(sequences, number(part, "tokens"), context)


def _in_activations(measurements: Measurements, f: Formats, chips: Chips) -> Formats:
    """Attention in the format of its queries, where that is narrower than 16 bits and the chip multiplies it."""
    names, inverse = np.unique(text(measurements, "activation_format", "bf16"), return_inverse=True)
    found = [number_format(str(name)) for name in names]
    codes = np.array([compute_code(item.operand) for item in found])
    native = ~np.isnan(np.asarray(chips.peak)[codes])
    width, code = np.array([item.bytes for item in found])[inverse], codes[inverse].astype(float)
    known = native[inverse]
    return replace(f, wide=np.where(known, width, f.wide), wide_compute=np.where(known, code, f.wide_compute))


def _mask(rows: Any, count: int) -> Any:
    mask = np.zeros(count, dtype=bool)
    mask[rows] = True
    return mask
