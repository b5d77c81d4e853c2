"""What a family's module hands to the cost model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from interlock.cost import Chips
from interlock.evidence.measurement import Measurements
from interlock.models.formats import Formats, scheme
from interlock.operators import Operator

Column = NDArray[np.float64]
_COLUMNS: Final = ("weight", "activation", "kv", "head", "wide", "compute", "wide_compute", "sparse", "density")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lowered:
    """Operators whose columns run over some rows of a set, one after the other on one chip."""

    rows: NDArray[np.intp]
    operators: list[Operator]
    chips: Chips


def number(measurements: Measurements, name: str, default: float = 1.0) -> Column:
    """A column of numbers; the default where a set has no such column."""
    if name not in measurements.columns:
        return np.full(len(measurements), default)
    return np.asarray(measurements[name], dtype=float)


def text(measurements: Measurements, name: str, default: str) -> NDArray[np.str_]:
    """A column of text; the default where a set has no such column."""
    if name not in measurements.columns:
        return np.full(len(measurements), default)
    return np.asarray(measurements[name], dtype=str)


def formats(measurements: Measurements, chips: Chips) -> Formats:
    """The formats of each row. What a chip cannot multiply is widened to 16 bits first, as engines do."""
    names = [text(measurements, f"{role}_format", "bf16") for role in ("weight", "activation", "kv")]
    codes = names[0].astype(object) + "|" + names[1].astype(object) + "|" + names[2].astype(object)
    unique, inverse = np.unique(codes.astype(str), return_inverse=True)
    schemes = [scheme(*str(code).split("|")) for code in unique]
    found = pick(Formats.of(schemes), inverse)
    native = ~np.isnan(np.asarray(chips.peak)[np.asarray(found.compute).astype(int)])
    return replace(found, compute=np.where(native, found.compute, found.wide_compute))


def pick(found: Formats, places: NDArray[np.intp]) -> Formats:
    """Some rows of columns of formats, in any order."""
    columns: dict[str, Any] = {name: np.asarray(getattr(found, name))[places] for name in _COLUMNS}
    return replace(found, **columns)
