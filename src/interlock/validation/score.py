"""How far predictions are from measurements, group by group.

idea:    the error of a row is predicted / measured - 1. A group never mixes families or quantities, since an error of a
         kernel's time and one of a throughput are unlike numbers.
keeps:   a row whose prediction is not finite counts as not predicted: it lowers the coverage and enters no error.
symbols: e error of a row; |e| its absolute value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interlock.errors import InputError, shown
from interlock.evidence.measurement import FAMILIES, Measurements

Errors = NDArray[np.float64]
Predictions = Mapping[str, NDArray[np.float64]]  # of one `Measurements`, by predictor
Part = tuple[Measurements, Predictions] | tuple[Measurements, Predictions, Predictions]  # the last: 1 inside, 0 outside

DIMENSIONS: Final = ("family", "set", "chip", "stack", "format", "kernel")
CLOSE: Final = 0.2  # what counts as close
_TOLERANCE: Final = 1e-9  # 1.2 * x / x - 1 may be a little more than 0.2
_FORMATS: Final = ("weight_format", "activation_format", "kv_format")
_ORDER: Final = {family: place for place, family in enumerate(FAMILIES)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """The errors of one group of rows; "" where the group spans several, None where nothing is predicted."""

    predictor: str
    family: str
    quantity: str
    set_name: str = ""
    chip: str = ""
    stack: str = ""
    format: str = ""
    kernel: str = ""
    rows: int
    predicted: int
    mean_error_ratio: float | None = None
    """Mean of |e|."""
    median_error_ratio: float | None = None
    """Median of |e|."""
    ninetieth_error_ratio: float | None = None
    """What |e| of nine rows in ten is below."""
    bias_ratio: float | None = None
    """Mean of e: above 0 where predictions are larger than measurements."""
    close_ratio: float | None = None
    """Share of the predicted rows with |e| of at most 0.2."""
    inside_ratio: float | None = None
    """Share of the predicted rows that are inside their 90 % band, of those that have one."""

    @property
    def coverage_ratio(self) -> float:
        """Share of the rows that are predicted."""
        return self.predicted / self.rows


def errors_of(measurements: Measurements, predicted: NDArray[np.float64]) -> Errors:
    """The signed error of each row; nan where nothing is predicted, or where the measurement cannot be divided by."""
    truth = measured(measurements)
    known = np.isfinite(predicted) & np.isfinite(truth) & (truth > 0)
    ratio = np.full(truth.shape, np.nan)
    np.divide(predicted, truth, out=ratio, where=known)
    return ratio - 1.0


def measured(measurements: Measurements) -> NDArray[np.float64]:
    """The value that is predicted: watts where power was measured, else `Measurements.measured`."""
    power = measurements.columns.get("power_w")
    return measurements.measured if power is None else np.asarray(power, dtype=float)


def quantities(measurements: Measurements) -> NDArray[np.str_]:
    """What each row measures: "seconds" or "power", unless the rows say otherwise."""
    if "quantity" in measurements.columns:
        return labels(measurements, "quantity")
    return _same(measurements, "power" if "power_w" in measurements.columns else "seconds")


def labels(measurements: Measurements, dimension: str) -> NDArray[np.str_]:
    """The group of each row in one dimension; "" where the family does not have it."""
    if dimension in ("family", "set"):
        return _same(measurements, measurements.family if dimension == "family" else measurements.set_name)
    if dimension == "format":
        columns = [np.asarray(measurements[name], dtype=str) for name in _FORMATS if name in measurements.columns]
        keys, places = _groups(columns) if columns else ([()], np.zeros(len(measurements), dtype=int))
        return np.array([_short(key) for key in keys], dtype=str)[places]
    if dimension not in measurements.columns:
        return _same(measurements, "")
    return np.asarray(measurements[dimension], dtype=str)


def scores(
    measurements: Measurements,
    predicted: NDArray[np.float64],
    by: Sequence[str] = ("family",),
    predictor: str = "first principles",
) -> tuple[Score, ...]:
    """Score the predictions of one set's rows of one family.

    Raises:
        InputError: an unknown dimension.
        ValueError: not one prediction a row.
    """
    return pooled([(measurements, {predictor: predicted})], by)


def pooled(parts: Iterable[Part], by: Sequence[str] = ("family",)) -> tuple[Score, ...]:
    """Score rows of several sets together, group by group. A part may say, too, which rows are inside their bands.

    Raises:
        InputError: an unknown dimension.
        ValueError: not one prediction a row.
    """
    for name in by:
        if name not in DIMENSIONS:
            raise InputError("by", shown(name), f"one of {', '.join(DIMENSIONS)}")
    dimensions = [name for name in DIMENSIONS if name in by and name != "family"]
    found: dict[tuple[str, ...], list[tuple[Errors, Errors]]] = {}
    for measurements, predictions, *banded in parts:
        if not len(measurements):
            continue
        keys, places = _groups([quantities(measurements), *(labels(measurements, name) for name in dimensions)])
        cut = _cut(places, len(keys))
        for predictor, predicted in predictions.items():
            if predicted.shape != (len(measurements),):
                raise ValueError(f"{measurements.set_name}: {predicted.shape} predictions, {len(measurements)} rows")
            errors = errors_of(measurements, predicted)
            inside = banded[0].get(predictor) if banded else None
            inside = np.full(len(measurements), np.nan) if inside is None else inside
            for key, rows in zip(keys, cut, strict=True):
                found.setdefault((measurements.family, *key, predictor), []).append((errors[rows], inside[rows]))
    order = sorted(found, key=lambda key: (_ORDER[key[0]], *key[1:-1]))  # stable: predictors as they were given
    return tuple(_score(key, dimensions, *map(np.concatenate, zip(*found[key], strict=True))) for key in order)


def _score(key: tuple[str, ...], dimensions: Sequence[str], errors: Errors, inside: Errors) -> Score:
    family, quantity, *values, predictor = key
    named = {"set_name" if name == "set" else name: value for name, value in zip(dimensions, values, strict=True)}
    known = errors[np.isfinite(errors)]
    size = np.abs(known)
    figures = (
        {
            "mean_error_ratio": float(size.mean()),
            "median_error_ratio": float(np.median(size)),
            "ninetieth_error_ratio": float(np.quantile(size, 0.9)),
            "bias_ratio": float(known.mean()),
            "close_ratio": float((size <= CLOSE + _TOLERANCE).mean()),
        }
        if known.size
        else {}
    )
    banded = inside[np.isfinite(errors) & np.isfinite(inside)]
    if banded.size:
        figures["inside_ratio"] = float(banded.mean())
    counts = {"rows": int(errors.size), "predicted": int(known.size)}
    return Score(predictor=predictor, family=family, quantity=quantity, **named, **counts, **figures)  # type: ignore[arg-type]


def _groups(columns: Sequence[NDArray[np.str_]]) -> tuple[list[tuple[str, ...]], NDArray[np.intp]]:
    """The different rows of several text columns, sorted, and which of them each row is."""
    code = np.zeros(len(columns[0]), dtype=np.intp)
    for column in columns:
        values, places = np.unique(column, return_inverse=True)
        code = np.unique(code * len(values) + places, return_inverse=True)[1]
    first = np.unique(code, return_index=True)[1]
    return [tuple(str(column[row]) for column in columns) for row in first], code


def _cut(places: NDArray[np.intp], count: int) -> list[NDArray[np.intp]]:
    """The rows of each group."""
    order = np.argsort(places, kind="stable")
    return np.split(order, np.searchsorted(places[order], np.arange(1, count)))


def _short(formats: tuple[str, ...]) -> str:
    """Formats with slashes between, as one name where they are the same."""
    return formats[0] if len(set(formats)) == 1 else "/".join(formats)


def _same(measurements: Measurements, text: str) -> NDArray[np.str_]:
    return np.full(len(measurements), text, dtype=f"<U{max(len(text), 1)}")
