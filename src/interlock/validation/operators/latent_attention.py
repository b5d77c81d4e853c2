"""Latent attention with the widths of DeepSeek-V3, as `models/blocks/latent_attention.py` lowers it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from interlock.cost import Chips
from interlock.evidence.measurement import Measurements
from interlock.models.blocks import LatentAttention
from interlock.models.context import Context
from interlock.operators import Operator
from interlock.validation.operators.attention import step_of
from interlock.validation.operators.lowered import Lowered, formats, number, text

_WIDTH: Final = 7168


def lower(measurements: Measurements, chips: Chips) -> Iterator[Lowered]:
    """Rows of one phase, one scope and as many heads go through one block; a kernel is its attention alone."""
    phases, scopes = text(measurements, "phase", "decode"), text(measurements, "scope", "kernel")
    heads = number(measurements, "heads")
    for phase in np.unique(phases):
        for scope in np.unique(scopes):
            for count in np.unique(heads):
                mask = (phases == phase) & (scopes == scope) & (heads == count)
                if mask.any():
                    operators = _operators(measurements.where(mask), str(phase), int(count), chips)
                    kept = [o for o in operators if scope == "module" or o.name.startswith("attend")]
                    yield Lowered(rows=np.flatnonzero(mask), operators=kept, chips=chips)


def _operators(part: Measurements, phase: str, heads: int, chips: Chips) -> list[Operator]:
    block = LatentAttention(heads=heads, query_rank=1536, latent=512, nope=128, rope=64, value=128)
    step = step_of(part, phase)
    return block.operators(Context(step=step, formats=formats(part, chips), width=_WIDTH, tokens=step.tokens))
