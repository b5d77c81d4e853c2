"""The attention kernels of a step, priced by calibration: prompts and decoding, with shared heads or latents.

idea:    a cache in a format that was not measured takes the time of the nearest one, changed as first principles say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from interlock.cost.calibrated.attention import attention_seconds
from interlock.cost.calibrated.basis import CalibratedTime
from interlock.cost.calibrated.latent_attention import latent_attention_seconds
from interlock.cost.calibrated.step_times import StepTimes
from interlock.cost.chips import Chips
from interlock.cost.operator_time import operator_time
from interlock.errors import UnsupportedError
from interlock.hardware import Chip
from interlock.operators import Attending, Operator, compute_code

_WIDE: Final = (float(compute_code("bf16")), float(compute_code("fp16")))
_CACHES: Final = ((1.5, "fp8-e4m3", 1.0), (np.inf, "bf16", 2.0))  # up to so many bytes an element: the nearest


def price_attention(operators: Sequence[Operator], found: StepTimes, chips: Chips) -> None:
    """Put the times of all attention kernels that a calibration can price; it covers products of 16 bits only."""
    for index, o in enumerate(operators):
        if o.attending is not None and np.all(np.isin(np.asarray(o.compute), _WIDE)):
            _put(index, o, o.attending, found, chips)


def _put(index: int, o: Operator, a: Attending, found: StepTimes, chips: Chips) -> None:
    assert chips.calibrated_on is not None
    columns = np.broadcast_arrays(a.heads, a.kv_heads, a.sequences, a.tokens, a.context, a.kv_element_bytes)
    heads, kv_heads, sequences, tokens, context, stored = (np.asarray(column, dtype=float) for column in columns)
    least = 0.0
    for most, name, width in _CACHES:
        mask = (stored > least) & (stored <= most) & (sequences * tokens > 0)
        least = most
        if not mask.any():
            continue
        some = {
            "heads": heads[mask], "kv_heads": kv_heads[mask], "sequences": sequences[mask],
            "tokens": tokens[mask], "context": context[mask],
        }  # fmt: skip
        try:
            time = _seconds(chips.calibrated_on, chips.stack, a, some, name)
        except UnsupportedError:
            continue
        share: Any = 1.0
        if np.any(stored[mask] != width):
            nearest = replace(o, kv_bytes=o.kv_bytes * (width / stored))
            share = np.asarray(operator_time(o, chips).time) / np.asarray(operator_time(nearest, chips).time)
        found.put(index, time.spread(mask), share, mask)


def _seconds(chip: Chip, stack: str | None, a: Attending, columns: dict[str, Any], stored: str) -> CalibratedTime:
    phase = "decode" if a.decoding else "prefill"
    if a.latent:
        columns = {name: column for name, column in columns.items() if name != "kv_heads"}
        return latent_attention_seconds(chip, stack, phase, kv_format=stored, **columns)
    window = float(a.window or 0)
    return attention_seconds(chip, stack, phase, head_dim=a.head_dim, window=window, kv_format=stored, **columns)
