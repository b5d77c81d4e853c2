"""Measurements beside predictions: all rows of the sets that are there, what is predicted of them and what is not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np

from interlock.errors import InputError, UnknownNameError, shown
from interlock.evidence.measurement import FAMILIES, Measurements
from interlock.evidence.store import read_sets, set_names
from interlock.validation.operators import implausible
from interlock.validation.predictor import Predictor, shipped
from interlock.validation.score import Predictions, Score, errors_of, labels, measured, pooled, quantities

LIMITED: Final = set(FAMILIES) - {"power", "request", "training"}  # a roofline bounds their rows
_NOT_SHAPE: Final = {
    "chip", "stack", "seconds", "power_w", "value", "quantity", "weight_format", "activation_format", "kv_format",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Rows of one family from one set, and what each predictor says of them; `inside`: 1 in its 90 % band, else 0."""

    measurements: Measurements
    predictions: Predictions
    inside: Predictions = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Rows of one quantity that a predictor does not predict; `chips` counts them where it predicts others."""

    predictor: str
    family: str
    quantity: str
    rows: int
    missing: int
    chips: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measurement beside its prediction; `shape` names what was run, in all that the set says of it."""

    predictor: str
    family: str
    quantity: str
    set_name: str
    chip: str
    stack: str
    format: str
    shape: Mapping[str, str | float]
    measured: float
    predicted: float

    @property
    def ratio(self) -> float:
        """Predicted over measured."""
        return self.predicted / self.measured


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """Everything that was compared."""

    comparisons: tuple[Comparison, ...]
    predictors: tuple[Predictor, ...]

    @property
    def rows(self) -> int:
        """Measurements, predicted or not."""
        return sum(len(part.measurements) for part in self.comparisons)

    @property
    def sets(self) -> tuple[str, ...]:
        """The sets that the rows are from, sorted."""
        return tuple(sorted({part.measurements.set_name for part in self.comparisons}))

    @property
    def families(self) -> tuple[str, ...]:
        """The families of the rows."""
        found = {part.measurements.family for part in self.comparisons}
        return tuple(family for family in FAMILIES if family in found)

    def scores(self, *by: str) -> tuple[Score, ...]:
        """Scores of each family, cut further by "set", "chip", "stack", "format", "kernel"."""
        return pooled(
            ((part.measurements, part.predictions, part.inside) for part in self.comparisons), by or ("family",)
        )

    @property
    def kinds(self) -> tuple[tuple[str, str], ...]:
        """Each family with each quantity that its rows measure."""
        parts = [(part.measurements.family, quantities(part.measurements)) for part in self.comparisons]
        return tuple(sorted({(family, str(name)) for family, names in parts for name in np.unique(names)}, key=_place))

    def gaps(self) -> tuple[Gap, ...]:
        """What is not predicted, family by family and quantity by quantity."""
        found = (self._gap(predictor.name, *kind) for kind in self.kinds for predictor in self.predictors)
        return tuple(gap for gap in found if gap.missing)

    def _gap(self, predictor: str, family: str, quantity: str) -> Gap:
        rows, chips = 0, Counter[str]()
        for part in self.comparisons:
            if part.measurements.family == family:
                mask = quantities(part.measurements) == quantity
                unknown = mask & ~np.isfinite(errors_of(part.measurements, part.predictions[predictor]))
                chips.update(map(str, part.measurements["chip"][unknown]))
                rows += int(mask.sum())
        missing = chips.total()
        told = dict(chips.most_common()) if missing < rows else {}
        return Gap(predictor=predictor, family=family, quantity=quantity, rows=rows, missing=missing, chips=told)

    def doubtful(self) -> tuple[tuple[str, str, int], ...]:
        """Family, set and number of the rows that were faster than the chip's rated peaks and bandwidths allow."""
        rows: Counter[tuple[str, str]] = Counter()
        for part in self.comparisons:
            m = part.measurements
            if m.family in LIMITED:
                rows[m.family, m.set_name] += int(implausible(m).sum())
        return tuple((*key, rows[key]) for key in sorted(rows, key=_place) if rows[key])

    def worst(self, count: int) -> tuple[Row, ...]:
        """The rows that are off by the largest factor, up or down, whoever predicts them."""
        found: list[tuple[float, Comparison, str, int]] = []
        for part in self.comparisons:
            for predictor, predicted in part.predictions.items():
                with np.errstate(divide="ignore", invalid="ignore"):
                    factor = np.abs(np.log(1.0 + errors_of(part.measurements, predicted)))
                factor = np.where(np.isnan(factor), -1.0, factor)  # -1: not predicted
                places = np.argsort(-factor, kind="stable")[:count]
                found += [(float(factor[row]), part, predictor, int(row)) for row in places if factor[row] >= 0]
        found.sort(key=lambda item: -item[0])
        return tuple(rows_of(part, predictor, [row])[0] for _, part, predictor, row in found[:count])


def _place(key: tuple[str, str]) -> tuple[int, str]:
    return list(FAMILIES).index(key[0]), key[1]


def rows_of(part: Comparison, predictor: str, places: Sequence[int]) -> list[Row]:
    """Some rows of a comparison."""
    at = np.asarray(places, dtype=np.intp)
    m = replace(part.measurements, columns={name: column[at] for name, column in part.measurements.columns.items()})
    names = dict.fromkeys([*(name.rstrip("$") for name in FAMILIES[m.family]), *m.columns])
    shape = {name: m[name].tolist() for name in names if name not in _NOT_SHAPE}
    told = {name: labels(m, name).tolist() for name in ("chip", "stack", "format")}
    truth, predicted = measured(m).tolist(), part.predictions[predictor][at].tolist()
    return [
        Row(
            predictor=predictor,
            family=m.family,
            quantity=quantity,
            set_name=m.set_name,
            **{name: values[place] for name, values in told.items()},
            shape={name: values[place] for name, values in shape.items()},
            measured=truth[place],
            predicted=predicted[place],
        )
        for place, quantity in enumerate(quantities(m).tolist())
    ]


def _compared(part: Measurements, used: Sequence[Predictor]) -> Comparison:
    predictions = {each.name: each(part) for each in used}
    inside = {each.name: each.inside(part, predictions[each.name]) for each in used if part.family in each.bands}
    return Comparison(measurements=part, predictions=predictions, inside=inside)


def validate(
    folder: str | Path,
    sets: Sequence[str] | None = None,
    families: Sequence[str] | None = None,
    chips: Sequence[str] | None = None,
    predictors: Sequence[Predictor] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Validation:
    """Put predictions beside the public measurements that are in a folder.

    Args:
        folder: holds one folder for each set.
        sets: only these; all that are there if None.
        families: only these; all if None.
        chips: only rows of these, as the sets name them; all if None.
        predictors: whose predictions to show side by side; if None, first principles, and what is fitted.
        progress: called with (done, total).

    Raises:
        InputError: an unknown set, family or chip, a set that is not there, or a file that is not what it must be.
    """
    for family in families or ():
        if family not in FAMILIES:
            raise UnknownNameError("family", family, FAMILIES, "--families")
    report = progress or (lambda _done, _total: None)
    read = read_sets(Path(folder), sets, lambda done, total: report(done, 2 * total))
    if not read:
        raise InputError(str(folder), "none of the known sets", f"a folder that holds {' or '.join(set_names())}")
    kept = [part for part in read if families is None or part.family in families]
    parts = list(_of_chips(kept, chips)) if chips is not None else kept
    used = tuple(predictors) if predictors is not None else shipped()
    compared: list[Comparison] = []
    for done, part in enumerate(parts, 1):
        compared.append(_compared(part, used))
        report(len(parts) + done, 2 * len(parts))
    if not any(len(part.measurements) for part in compared):
        measured_families = ", ".join(dict.fromkeys(part.family for part in read))
        raise InputError(
            "--families", shown(", ".join(families or ())), f"of what these sets hold: {measured_families}"
        )
    if predictors is None:
        used = (used[0], *(each for each in used[1:] if any(_says(part, each.name) for part in compared)))
        names = {each.name for each in used}
        compared = [
            replace(part, predictions={n: p for n, p in part.predictions.items() if n in names}) for part in compared
        ]
    return Validation(comparisons=tuple(part for part in compared if len(part.measurements)), predictors=used)


def _says(part: Comparison, name: str) -> bool:
    return bool(np.any(np.isfinite(part.predictions[name])))


def _of_chips(parts: Sequence[Measurements], chips: Sequence[str]) -> Iterator[Measurements]:
    measured = {str(name) for part in parts for name in np.unique(part["chip"])}
    for chip in chips:
        if chip not in measured:
            raise UnknownNameError("measured chip", chip, measured, "--chips")
    for part in parts:
        yield part.where(np.isin(part["chip"], list(chips)))
