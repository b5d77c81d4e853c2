"""Calibrated seconds of linear-attention kernels: gated delta rules, and the short convolutions before them.

keeps:   as in `form.py`; a kernel that is not named is the one that the engine took for such a layer when measured.
departs: of Mamba-2 only the convolution was measured.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from interlock.cost.calibrated import scan_terms as terms
from interlock.cost.calibrated.basis import CalibratedTime
from interlock.cost.calibrated.coefficients import coefficients
from interlock.cost.calibrated.form import Columns, Family, Reading
from interlock.cost.calibrated.operators import operator_seconds, row_times
from interlock.cost.calibrated.schemes import Scheme
from interlock.errors import UnsupportedError
from interlock.evidence.measurement import Measurements
from interlock.hardware import Chip

PHASES: Final = ("prefill", "decode", "verify")
_CONVOLUTION: Final = "-convolution"


def scan_seconds(
    chip: Chip,
    stack: str | None,
    kind: str,
    phase: str,
    *,
    sequences: Any,
    tokens: Any,
    heads: Any,
    head_dim: Any,
    groups: Any,
    state: Any,
    convolution: bool = False,
    kernel: str = "",
) -> CalibratedTime:
    """Seconds of one layer's scan, or of the convolution before it, with the ends of a 90 % band.

    Args:
        chip: any chip.
        stack: "vllm 0.24.0"; "vllm", its newest measured version; None, the geometric mean of the measured engines.
        kind: "gated-delta", "kimi-delta", or "mamba2", whose convolution alone was measured.
        phase: "prefill", "decode" with one token a sequence, or "verify" with a few drafted ones.
        sequences: of the batch.
        tokens: new ones, a sequence.
        heads: value heads on this chip.
        head_dim: width of one.
        groups: key heads on this chip.
        state: width of one.
        convolution: the short convolution over all channels instead of the scan.
        kernel: as the engine's table calls it; by layer if empty.

    Raises:
        UnsupportedError: a kind or phase without measurements, a chip that is no GPU, or one with missing facts.
    """
    formats = f"{kind}{_CONVOLUTION if convolution else ''}/{phase}"
    if not any(key[2] == formats for key in coefficients(FAMILY.name).kernels):
        raise UnsupportedError(f"no calibration for {formats}")
    columns = {
        "sequences": sequences,
        "tokens": 1.0 if phase == "decode" else tokens,
        "heads": heads,
        "head_dim": head_dim,
        "groups": groups,
        "state": state,
        "convolution": float(convolution),
        "decode": float(phase == "decode"),
        "verify": float(phase == "verify"),
    }
    return operator_seconds(FAMILY, chip, stack, formats, columns, kernel=kernel)


def predict(measurements: Measurements, *, fitted_rows: bool = False) -> NDArray[np.float64]:
    """Seconds of measured scans; nan where there is no calibration, and where a row was seen while fitting."""
    seconds: NDArray[np.float64] = _times(measurements, fitted_rows)[0]
    return seconds


def band(measurements: Measurements) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The ends of a 90 % band of each row."""
    _, low, high = _times(measurements, fitted_rows=True)
    return low, high


def _times(measurements: Measurements, fitted_rows: bool) -> NDArray[np.float64]:
    if not {"layer", "heads", "head_dim", "groups", "state"} <= set(measurements.columns):
        return np.full((3, len(measurements)), np.nan)
    return row_times(FAMILY, measurements, fitted_rows=fitted_rows)


def _read(measurements: Measurements) -> Reading:
    phase, convolution = measurements["phase"], np.asarray(measurements["kind"] == "convolution")
    names = ("sequences", "tokens", "heads", "head_dim", "groups", "state")
    columns = {name: np.asarray(measurements[name], np.float32) for name in names}
    columns["tokens"] = np.where(phase == "decode", np.float32(1.0), columns["tokens"])
    kinds = np.char.add(measurements["layer"], np.where(convolution, f"{_CONVOLUTION}/", "/"))
    return Reading(
        formats=np.char.add(kinds, phase),
        kernels=measurements["implementation"],
        columns={
            **columns,
            "convolution": convolution.astype(np.float32),
            "decode": (phase == "decode").astype(np.float32),
            "verify": (phase == "verify").astype(np.float32),
        },
    )


def _scheme(formats: str) -> Scheme:
    """All in 16 bits; states are summed in 32."""
    return Scheme(name=formats, group="scan", input_bytes=2, weight_bytes=4, operand="bf16", quantised=False)


def _code(c: Columns) -> NDArray[np.int64]:
    """Value heads."""
    found: NDArray[np.int64] = c["heads"].astype(np.int64)
    return found


FAMILY: Final = Family(
    name="scan",
    columns=terms.COLUMNS,
    hidden=terms.HIDDEN,
    added=terms.ADDED,
    copies=1.0,
    terms=terms.scan_terms,
    features=terms.scan_features,
    scheme=_scheme,
    code=_code,
    read=_read,
)
