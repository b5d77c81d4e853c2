"""Calibrated seconds of multi-head latent attention with the ranks of DeepSeek-V3, without its projections.

symbols: a latent of 512 and a rotary part of 64 elements are cached; prompts expand heads of 192 and 128.
idea:    absorbed decoding is attention with one key-value head that is read once, 576 wide; a prompt is attention with
         as many key-value heads as heads.
source:  DeepSeek-V2 (2024), section 2.1.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from interlock.cost.calibrated import attention
from interlock.cost.calibrated.attention import format_names, formats_of
from interlock.cost.calibrated.basis import CalibratedTime
from interlock.cost.calibrated.form import Columns, Family, Reading
from interlock.cost.calibrated.operators import operator_seconds, row_times
from interlock.errors import UnsupportedError
from interlock.evidence.measurement import Measurements
from interlock.hardware import Chip

LATENT, ROTARY = 512.0, 64.0
KEY, VALUE = 192.0, 128.0  # of an expanded head
_DEPTHS: Final = {"decode": (LATENT + ROTARY + LATENT) / 2.0, "prefill": (KEY + VALUE) / 2.0}


def latent_attention_seconds(
    chip: Chip,
    stack: str | None,
    phase: str,
    *,
    heads: Any,
    sequences: Any,
    tokens: Any,
    context: Any,
    kv_format: str = "bf16",
    activation_format: str = "bf16",
    kernel: str = "",
    copies: float = np.inf,
) -> CalibratedTime:
    """Seconds of one layer's attention over latents on one chip; arguments as `attention_seconds` has them.

    Raises:
        UnsupportedError: a phase or formats without measurements, a chip that is no GPU, or one with missing facts.
    """
    if phase not in FAMILIES:
        raise UnsupportedError(f"no calibration for latent attention in the phase {phase!r}")
    columns = _columns(phase, sequences, tokens, context, heads)
    formats = formats_of(activation_format, kv_format)
    return operator_seconds(FAMILIES[phase], chip, stack, formats, columns, kernel=kernel, copies=copies)


def predict(measurements: Measurements, *, fitted_rows: bool = False) -> NDArray[np.float64]:
    """Seconds of measured kernels; nan for whole blocks, where none is calibrated, and where the fit saw a row."""
    seconds: NDArray[np.float64] = _times(measurements, fitted_rows)[0]
    return seconds


def band(measurements: Measurements) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The ends of a 90 % band of each row."""
    _, low, high = _times(measurements, fitted_rows=True)
    return low, high


def _times(measurements: Measurements, fitted_rows: bool) -> NDArray[np.float64]:
    times = np.full((3, len(measurements)), np.nan)
    scope = measurements.columns.get("scope", np.full(len(measurements), ""))
    for phase, family in FAMILIES.items():
        mask = (measurements["phase"] == phase) & (scope == "kernel")
        if mask.any():
            times[:, mask] = row_times(family, measurements.where(mask), fitted_rows=fitted_rows)
    return times


def _columns(phase: str, sequences: Any, tokens: Any, context: Any, heads: Any) -> dict[str, Any]:
    depth = _DEPTHS[phase]
    return {
        "sequences": sequences,
        "tokens": tokens,
        "context": context,
        "heads": heads,
        "kv_heads": 1.0 if phase == "decode" else heads,
        "depth": depth,
        "stored": LATENT + ROTARY if phase == "decode" else 2.0 * depth,
        "window": 0.0,
    }


def _read(measurements: Measurements) -> Reading:
    names = ("sequences", "tokens", "context", "heads")
    given = [np.asarray(measurements[name], np.float32) for name in names]
    columns = _columns(str(measurements["phase"][0]), *given)
    every = np.broadcast_arrays(*(np.asarray(value, np.float32) for value in columns.values()))
    count = len(measurements)
    queries = measurements.columns.get("query_format", np.full(count, "bf16"))
    return Reading(
        formats=format_names(queries, measurements["kv_format"]),
        kernels=measurements.columns.get("implementation", np.full(count, "")),
        columns=dict(zip(columns, every, strict=True)),
    )


def _code(c: Columns) -> NDArray[np.int64]:
    """Heads, which decide the padding of rows."""
    found: NDArray[np.int64] = c["heads"].astype(np.int64)
    return found


FAMILIES: Final[dict[str, Family]] = {
    phase: replace(family, name=f"latent-{family.name}", code=_code, read=_read)
    for phase, family in attention.FAMILIES.items()
}
