"""Calibrated seconds of the families that share one form: whose coefficients answer, their mean, and its band.

keeps:   the correction is taken at the facts the coefficients were fitted at: a variant of a chip is never slower for
         more bandwidth or peak. No time is shorter than rated peaks allow.
departs: a chip that was not measured gets no correction, and the band of left-out families of chips.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from interlock.cost.calibrated.basis import Basis, CalibratedTime
from interlock.cost.calibrated.coefficients import Coefficients, Fitted, Key, coefficients
from interlock.cost.calibrated.facts import Facts, facts
from interlock.cost.calibrated.form import Columns, Family, feature_matrix, unit_s
from interlock.cost.calibrated.gemm import BLOCK, bytes_of, reference_of, set_text
from interlock.cost.calibrated.kernels import kernel_sets, scheme_name, shared_sets
from interlock.cost.calibrated.network import correction
from interlock.cost.calibrated.pooled import pooled
from interlock.cost.calibrated.product_terms import Bytes
from interlock.cost.calibrated.split import HELD_OUT, part_of
from interlock.errors import UnknownNameError, UnsupportedError
from interlock.evidence.measurement import Measurements
from interlock.hardware import Chip, chip

_TRANSFERS_TO: Final = frozenset({"datacenter-gpu", "workstation-gpu"})  # as every chip that was measured
_CLOSEST: Final = tuple(Basis)


def operator_seconds(
    family: Family,
    chip: Chip,
    stack: str | None,
    formats: str,
    columns: Columns,
    *,
    kernel: str = "",
    copies: float = np.inf,
    found: Coefficients | None = None,
) -> CalibratedTime:
    """Seconds of operators of a family; arrays or numbers that broadcast."""
    found = found or coefficients(family.name)
    shape = np.broadcast_shapes(*(np.shape(value) for value in columns.values()))
    flat = {name: np.broadcast_to(np.asarray(v, np.float32), shape).ravel() for name, v in columns.items()}
    codes, places = np.unique(family.code(flat), return_inverse=True)
    ends = np.empty((3, places.size), np.float32)
    bases = []
    for place, code in enumerate(codes):
        rows = slice(None) if len(codes) == 1 else places == place
        some = {name: column[rows] for name, column in flat.items()}
        *times, basis = _class_seconds(family, found, chip, stack, formats, some, kernel, int(code), copies)
        ends[:, rows] = times
        bases.append(basis)
    seconds, low, high = ends.reshape(3, *shape)
    return CalibratedTime(seconds[()], low[()], high[()], max(bases, key=_CLOSEST.index, default=Basis.OWN))


def predict_rows(
    family: Family, measurements: Measurements, *, fitted_rows: bool = False, found: Coefficients | None = None
) -> NDArray[np.float64]:
    """Seconds of measured rows; nan where there is no calibration, and where a row was seen while fitting."""
    seconds: NDArray[np.float64] = row_times(family, measurements, fitted_rows=fitted_rows, found=found)[0]
    return seconds


def row_times(
    family: Family, measurements: Measurements, *, fitted_rows: bool = False, found: Coefficients | None = None
) -> NDArray[np.float64]:
    """Three rows: seconds as `predict_rows` gives them, and the ends of their bands."""
    found = found or coefficients(family.name)
    times = np.full((3, len(measurements)), np.nan)
    own = measurements.set_name == found.fit["set"]
    copies = family.copies if own else np.inf
    for rows, key, columns in measured_sets(family, measurements):
        formats, _, kernel = key[2].partition(" ")
        kernel = kernel if own else ""
        try:
            guess = operator_seconds(
                family, chip(key[0]), key[1], formats, columns, kernel=kernel, copies=copies, found=found
            )
        except (UnsupportedError, UnknownNameError):
            continue
        times[:, rows] = guess.seconds, guess.low, guess.high
        if own and not fitted_rows and key in found.sets:
            seen = part_of(set_text(*key), sizes(family, columns), found.seed) != HELD_OUT
            times[0, rows[seen]] = np.nan
    return times


def measured_sets(family: Family, measurements: Measurements) -> Iterator[tuple[NDArray[np.intp], Key, Columns]]:
    """Rows of one chip, stack, formats and kernel, that their formats let a family price."""
    formats, kernels, columns = family.read(measurements)
    texts = (measurements["chip"], measurements["stack"], formats, kernels)
    names, codes = [], np.zeros(len(measurements), dtype=np.int64)
    for text in texts:
        values, inverse = np.unique(text, return_inverse=True)
        names.append(values)
        codes = codes * len(values) + inverse
    for code in np.unique(codes):
        rows = np.flatnonzero(codes == code)
        first = rows[0]
        if str(formats[first]):
            scheme = scheme_name(str(formats[first]), str(kernels[first]))
            key = (str(texts[0][first]), str(texts[1][first]), scheme)
            yield rows, key, {name: column[rows] for name, column in columns.items()}


def sizes(family: Family, columns: Columns) -> tuple[Any, ...]:
    """What tells the rows of a set apart; fractions count in hundredths."""
    return tuple(np.round(np.asarray(columns[name], np.float64) * 100.0) for name in family.columns)


def priced(
    family: Family, found: Coefficients, one: Fitted, columns: Columns, each: Bytes, here: Facts, fixed: Facts,
    copies: float,
) -> NDArray[np.float32]:  # fmt: skip
    """Seconds with one set's coefficients, in blocks of rows."""
    count = len(columns[family.columns[0]])
    seconds = np.empty(count, np.float32)
    same = here == fixed and copies == family.copies
    for start in range(0, count, BLOCK):
        rows = slice(start, start + BLOCK)
        some = {name: column[rows] for name, column in columns.items()}
        benchmark = family.terms(some, each, fixed, family.copies)
        terms = benchmark if same else family.terms(some, each, here, copies)
        change = np.exp(correction(feature_matrix(family, some, each, fixed, benchmark), found.network, one.own))
        units = formula(family, one.parameters, terms) * change
        seconds[rows] = np.maximum(units, terms.least) * unit_s(here)
    return seconds


def formula(family: Family, parameters: Any, terms: Any) -> Any:
    """Time in U before the correction."""
    return family.units((*terms.hidden, *terms.added), {name: np.float32(v) for name, v in parameters.items()})


def _class_seconds(
    family: Family, found: Coefficients, chip: Chip, stack: str | None, formats: str, columns: Columns, kernel: str,
    code: int, copies: float,
) -> CalibratedTime:  # fmt: skip
    scheme = family.scheme(formats)
    here, each = facts(chip, scheme.operand), bytes_of(scheme)
    reference = reference_of(found, chip)
    keys, basis = kernel_sets(found, reference, stack, formats, kernel, code)
    if basis is Basis.OTHER_CHIP:
        return _shared(family, found, chip, stack, formats, columns, kernel, code, copies)
    guesses = []
    for key in keys:
        fixed = found.facts[reference, key[2]]
        guesses.append(priced(family, found, found.sets[key], columns, each, here, fixed, copies))
    basis = basis if chip.id == reference else Basis.OTHER_CHIP
    sets = [found.sets[key] for key in keys]
    return pooled(
        found, sets, guesses, basis, as_fitted=here == found.facts[reference, keys[0][2]], one_stack=stack is not None
    )


def _shared(
    family: Family, found: Coefficients, chip: Chip, stack: str | None, formats: str, columns: Columns, kernel: str,
    code: int, copies: float,
) -> CalibratedTime:  # fmt: skip
    """By the parameters that all chips share."""
    if chip.category not in _TRANSFERS_TO:
        raise UnsupportedError(f"{chip.id}: only GPUs were measured, and it is none")
    keys = shared_sets(found.unseen, found.kernels, stack, formats, kernel, code)
    if not keys:
        raise UnsupportedError(f"no calibration for {family.name} in {formats}")
    scheme = family.scheme(formats)
    seconds = by_parameters(
        family, [found.unseen[key] for key in keys], columns, bytes_of(scheme), facts(chip, scheme.operand), copies
    )
    low, high = found.unseen_band
    return CalibratedTime(seconds, seconds * np.exp(low), seconds * np.exp(high), Basis.OTHER_CHIP)


def by_parameters(
    family: Family, parameters: list[Any], columns: Columns, each: Bytes, here: Facts, copies: float
) -> Any:
    """The geometric mean of formulas without correction."""
    terms = family.terms(columns, each, here, copies)
    logs = [np.log(formula(family, one, terms)) for one in parameters]
    return np.maximum(np.exp(np.mean(logs, axis=0)), terms.least) * unit_s(here)
