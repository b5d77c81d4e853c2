"""Calibrated seconds of attention: prompts and decoding, with grouped heads, windows and narrow caches.

keeps:   as in `form.py`; a kernel that is not named is the one that the engine took for such a shape when measured.
departs: real decoding finds its cache cold, other layers having run in between; the benchmarks read one cache again.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from interlock.cost.calibrated import attention_terms as terms
from interlock.cost.calibrated.basis import CalibratedTime
from interlock.cost.calibrated.form import Columns, Family, Reading
from interlock.cost.calibrated.operators import operator_seconds, row_times
from interlock.cost.calibrated.schemes import Scheme
from interlock.errors import UnsupportedError
from interlock.evidence.measurement import Measurements
from interlock.hardware import Chip
from interlock.numerics import number_format

STORED: Final = {"bf16": 2.0, "fp16": 2.0, "fp8-e4m3": 1.0, "int8": 1.0}  # bytes of an element
OPERANDS: Final = {"bf16": "bf16", "fp16": "bf16", "fp8-e4m3": "fp8", "int8": "int8"}
_PHASES: Final = ("decode", "prefill")


def scheme(formats: str, *, narrowest: bool = False) -> Scheme:
    """Formats of queries and of the cache, "bf16/fp8-e4m3"; `narrowest`: a narrow cache is multiplied as it is."""
    query, stored = formats.split("/")
    return Scheme(
        name=formats,
        group="attention",
        input_bytes=STORED[query],
        weight_bytes=STORED[stored],
        operand=OPERANDS[stored if narrowest else query],
        quantised=False,
    )


def formats_of(activation_format: str, kv_format: str) -> str:
    """The two formats as schemes spell them.

    Raises:
        UnsupportedError: one of them was not measured.
    """
    names = [number_format(name).name for name in (activation_format, kv_format)]
    names = ["bf16" if name == "fp16" else name for name in names]
    for name in names:
        if name not in STORED:
            raise UnsupportedError(f"no calibration for attention in {name}")
    return "/".join(names)


def attention_seconds(
    chip: Chip,
    stack: str | None,
    phase: str,
    *,
    heads: Any,
    kv_heads: Any,
    head_dim: Any,
    sequences: Any,
    tokens: Any,
    context: Any,
    window: Any = 0.0,
    kv_format: str = "bf16",
    activation_format: str = "bf16",
    kernel: str = "",
    copies: float = np.inf,
) -> CalibratedTime:
    """Seconds of one layer's attention on one chip, arrays or numbers, with the ends of a 90 % band.

    Args:
        chip: any chip.
        stack: "vllm 0.24.0"; "vllm", its newest measured version; None, the geometric mean of the measured engines.
        phase: "prefill", or "decode" with one token a sequence.
        heads: query heads on this chip.
        kv_heads: likewise.
        head_dim: width of a head.
        sequences: of the batch.
        tokens: new ones, a sequence; 1 while decoding.
        context: cached ones before them.
        window: positions that a query sees; 0 for all.
        kv_format: of the cache.
        activation_format: of the products; 16 bits, or 8 where a kernel multiplies so.
        kernel: as the engine's table calls it; by shape if empty.
        copies: of the cache, cycled between two calls; infinite where other layers run in between.

    Raises:
        UnsupportedError: a phase or formats without measurements, a chip that is no GPU, or one with missing facts.
    """
    if phase not in _PHASES:
        raise UnsupportedError(f"no calibration for attention in the phase {phase!r}")
    family = FAMILIES[phase]
    columns = {
        "sequences": sequences,
        "tokens": tokens,
        "context": context,
        "heads": heads,
        "kv_heads": kv_heads,
        "depth": head_dim,
        "stored": np.asarray(head_dim) * 2.0,
        "window": window,
    }
    return operator_seconds(
        family, chip, stack, formats_of(activation_format, kv_format), columns, kernel=kernel, copies=copies
    )


def predict(measurements: Measurements, *, fitted_rows: bool = False) -> NDArray[np.float64]:
    """Seconds of measured attention; nan where there is no calibration, and where a row was seen while fitting."""
    seconds: NDArray[np.float64] = _times(measurements, fitted_rows)[0]
    return seconds


def band(measurements: Measurements) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The ends of a 90 % band of each row."""
    _, low, high = _times(measurements, fitted_rows=True)
    return low, high


def _times(measurements: Measurements, fitted_rows: bool) -> NDArray[np.float64]:
    times = np.full((3, len(measurements)), np.nan)
    for phase, family in FAMILIES.items():
        mask = np.asarray(measurements["phase"] == phase)
        if mask.any():
            times[:, mask] = row_times(family, measurements.where(mask), fitted_rows=fitted_rows)
    return times


def _read(measurements: Measurements) -> Reading:
    depth = np.asarray(measurements["head_dim"], np.float32)
    names = ("sequences", "tokens", "context", "heads", "kv_heads", "window")
    columns = {name: np.asarray(measurements[name], np.float32) for name in names}
    kernels = measurements.columns.get("implementation", np.full(len(measurements), ""))
    return Reading(
        formats=format_names(measurements["activation_format"], measurements["kv_format"]),
        kernels=kernels,
        columns={**columns, "depth": depth, "stored": 2.0 * depth},
    )


def format_names(activations: Any, stored: Any) -> NDArray[Any]:
    """`formats_of` of each row, and "" where it is none."""
    pairs = np.char.add(np.char.add(activations, "/"), stored)
    names, inverse = np.unique(pairs, return_inverse=True)
    return np.array([_known(*name.split("/")) for name in names])[inverse]


def _known(activation: str, stored: str) -> str:
    try:
        return formats_of(activation, stored)
    except UnsupportedError:
        return ""


def _code(c: Columns) -> NDArray[np.int64]:
    """Head width first, then a single token, a window, heads that share nothing."""
    alone = (c["tokens"] == 1.0) * 4 + (c["window"] > 0) * 2 + (c["heads"] == c["kv_heads"]) * 1
    found: NDArray[np.int64] = c["depth"].astype(np.int64) * 8 + alone
    return found


_family = partial(Family, columns=terms.COLUMNS, copies=1.0, code=_code, read=_read)
FAMILIES: Final[dict[str, Family]] = {
    "prefill": _family(
        name="attention-prefill",
        hidden=terms.PREFILL_HIDDEN,
        added=terms.PREFILL_ADDED,
        terms=terms.prefill_terms,
        features=terms.prefill_features,
        scheme=scheme,
    ),
    "decode": _family(
        name="attention-decode",
        hidden=terms.DECODE_HIDDEN,
        added=terms.DECODE_ADDED,
        terms=terms.decode_terms,
        features=terms.decode_features,
        scheme=partial(scheme, narrowest=True),
    ),
}
