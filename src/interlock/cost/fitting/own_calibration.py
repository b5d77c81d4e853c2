"""Calibrating one chip with its own rows: a fit for each engine and scheme, and what it is worth on rows left out.

idea:    five-fold cross-validation: every row is predicted by a fit that did not see it. The residuals give the errors
         and the 90 % band; what the band covers is counted fold by fold with the band of the other folds. The fit
         that is stored has seen all rows.
keeps:   a fit sees at most a few thousand rows, chosen at random; rows beyond them only score it.
source:  Vovk 2015 (cross-conformal prediction); Barber et al. 2021 (CV+).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np

from interlock.cost.calibrated.coefficients import coefficients
from interlock.cost.calibrated.facts import Facts, facts
from interlock.cost.calibrated.gemm import bytes_of, products, reference_of
from interlock.cost.calibrated.own import OwnCalibration, OwnSet, own_prints, own_seconds
from interlock.cost.calibrated.own_schemes import own_scheme_of
from interlock.cost.calibrated.product_terms import UNIT_CYCLES, product_floor, product_terms
from interlock.cost.calibrated.schemes import SCHEMES, Scheme
from interlock.cost.fitting.first_principles import first_principles
from interlock.cost.fitting.own_fit import fit_parameters, fit_residuals, left_by
from interlock.cost.fitting.own_start import Start, at_rows, start_for
from interlock.errors import InputError, UnsupportedError
from interlock.evidence.measurement import Measurements
from interlock.hardware import Chip

FEWEST: Final = 10  # rows of an engine and scheme
_FOLDS: Final = 5
_MOST: Final = 3000  # rows of a set that a fit sees
_OUTSIDE: Final = 0.05  # at either end
_FASTER: Final = 1.3  # than rated peaks allow
_TOO_MANY: Final = 0.5  # share of such rows at which the unit is wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class SetReport:
    """What the calibration of one engine and scheme changed; errors in percent, of rows that a fit did not see."""

    stack: str
    scheme: str
    rows: int
    before: float | None  # mean absolute error of what is shipped, first principles in wide formats; None: no answer
    start: float  # of the parameters where the fit started
    formula: float  # of the fitted formula alone
    after: float
    median: float
    bias: float
    coverage_before: float | None  # share of the rows inside the band of the shipped coefficients
    coverage: float
    parameters: Mapping[str, tuple[float, float]]  # before and after
    fitted: OwnSet
    implausible: int  # rows faster than rated peaks allow

    @property
    def better(self) -> bool:
        """Whether it predicts rows that it did not see better than what is shipped."""
        return self.before is None or self.after < self.before


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnReport:
    """The calibration of what became better, and what all of it is worth."""

    calibration: OwnCalibration
    sets: tuple[SetReport, ...]
    left_out: tuple[str, ...]  # engines and schemes with too few rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Products:
    """Measured products of one engine and scheme on one chip."""

    stack: str
    scheme: Scheme
    facts: Facts
    copies: float
    m: Any
    n: Any
    k: Any
    seconds: Any

    def where(self, mask: Any) -> Products:
        """The rows that a mask keeps."""
        return replace(self, m=self.m[mask], n=self.n[mask], k=self.k[mask], seconds=self.seconds[mask])

    @property
    def sizes(self) -> tuple[Any, Any, Any]:
        """m, n, k."""
        return self.m, self.n, self.k


def calibrate_own(
    chip: Chip,
    measurements: list[Measurements],
    *,
    copies: float,
    seed: int = 0,
    without: Collection[str] = (),
    progress: Callable[[int, int], None] | None = None,
) -> OwnReport:
    """Fit every engine and scheme of a chip's rows.

    Args:
        chip: the chip that was measured.
        measurements: rows of family "gemm".
        copies: of the weights, that the benchmark cycled between two calls on the same ones.
        seed: of folds and samples.
        without: chips that the start must not know, for a blind test.
        progress: called with sets done and sets in all.

    Raises:
        InputError: too few rows, or rows that no such chip can have given.
        UnsupportedError: a chip whose catalogue entry lacks what the formula needs, or other formats.
    """
    every = [group for part in measurements for group in _groups(chip, part, copies)]
    groups = [group for group in every if len(group.m) >= FEWEST]
    if not groups:
        found = " and ".join(_named(group) for group in every)
        raise InputError(measurements[0].source.ref, found, f"at least {FEWEST} rows of an engine and scheme")
    done: list[SetReport] = []
    for group in groups:
        done.append(_calibrated(chip, group, seed, without))
        if progress is not None:
            progress(len(done), len(groups))
    first = measurements[0]
    about = {
        "set": first.set_name,
        "source": first.source.ref,
        "licence": first.licence,
        "date": datetime.now(UTC).date().isoformat(),
        "seed": seed,
        "copies": copies if np.isfinite(copies) else None,
        "rows": {f"{one.stack}|{one.scheme}": one.rows for one in done},
    }
    sets = {(one.stack, one.scheme): one.fitted for one in done if one.better}
    short = tuple(_named(group) for group in every if len(group.m) < FEWEST)
    return OwnReport(calibration=OwnCalibration(chip=chip.id, fit=about, sets=sets), sets=tuple(done), left_out=short)


def _named(group: Products) -> str:
    return f"{len(group.m)} rows of {group.stack}, {group.scheme.name}"


def _groups(chip: Chip, part: Measurements, copies: float) -> list[Products]:
    kernels = "kernel" in part.columns
    names = ("stack", "weight_format", "activation_format", *(("kernel",) if kernels else ()))
    found: list[Products] = []
    for key, rows in part.groups(*names):
        scheme = own_scheme_of(key[1], key[2], key[3] if kernels else "")
        m, n, k = (np.asarray(rows[size], dtype=float) for size in ("m", "n", "k"))
        here = facts(chip, scheme.operand)
        one = Products(
            stack=key[0].lower(), scheme=scheme, facts=here, copies=copies, m=m, n=n, k=k, seconds=rows.measured
        )
        if np.mean(_implausible(one)) > _TOO_MANY:
            times = np.median(_floor(one) / one.seconds)
            found_text = f"most rows faster than {chip.id} can be, by {times:.3g} times"
            raise InputError(part.source.ref, found_text, "seconds of this chip: check the unit and the chip")
        found.append(one)
    return found


def _calibrated(chip: Chip, rows: Products, seed: int, without: Collection[str]) -> SetReport:
    start = start_for(rows.scheme, rows.stack, without)
    folds = np.random.default_rng(seed).permutation(len(rows.m)) % _FOLDS
    left = np.empty(len(rows.m))
    formula_left = np.empty(len(rows.m))
    for fold in range(_FOLDS):
        away = folds == fold
        one = _fitted(rows.where(~away), start, seed)
        left[away] = _logs(rows.where(away), one)
        formula_left[away] = _logs(rows.where(away), _without_residuals(one))
    whole = _fitted(rows, start, seed)
    ratio = np.expm1(-left)
    held_out = {
        "rows": float(len(left)),
        "mape": float(100.0 * np.mean(np.abs(ratio))),
        "median": float(100.0 * np.median(np.abs(ratio))),
        "bias": float(100.0 * np.mean(ratio)),
        "inside": _coverage(left, folds),
    }
    seen = own_prints(chip.id, rows.scheme.name, *rows.where(_kept(rows, seed)).sizes)
    whole = replace(whole, band=_ends(left), held_out=held_out, seen=np.unique(seen))
    before, inside = _shipped(chip, rows)
    initial = start.parameters(start.centre)
    start_left = _logs(rows, _without_residuals(replace(whole, parameters=initial)))
    return SetReport(
        stack=rows.stack,
        scheme=rows.scheme.name,
        rows=len(left),
        before=before,
        start=_mape(start_left),
        formula=_mape(formula_left),
        after=held_out["mape"],
        median=held_out["median"],
        bias=held_out["bias"],
        coverage_before=inside,
        coverage=held_out["inside"],
        parameters={name: (initial[name], whole.parameters[name]) for name in start.names},
        fitted=whole,
        implausible=int(_implausible(rows).sum()),
    )


def _fitted(rows: Products, start: Start, seed: int) -> OwnSet:
    some = rows.where(_kept(rows, seed))
    each = bytes_of(rows.scheme)
    terms = product_terms(*some.sizes, each, rows.facts, rows.copies)
    log_units = np.log(some.seconds * rows.facts.clock_hz / UNIT_CYCLES)
    if rows.scheme.name not in SCHEMES:
        start = at_rows(start, np.exp(log_units))
    logs = fit_parameters(terms, log_units, start)
    left = left_by(logs, terms, log_units, start)
    return OwnSet(
        parameters=start.parameters(logs),
        residuals=fit_residuals(some.sizes, left, each, rows.facts, start, seed),
        facts=rows.facts,
        band=(0.0, 0.0),
        held_out={},
    )


def _kept(rows: Products, seed: int) -> Any:
    """The rows that a fit sees."""
    return np.sort(np.random.default_rng(seed).permutation(len(rows.m))[:_MOST])


def _without_residuals(one: OwnSet) -> OwnSet:
    return replace(one, residuals=replace(one.residuals, weight=np.zeros_like(one.residuals.weight)))


def _logs(rows: Products, one: OwnSet) -> Any:
    """Logarithm of measured over predicted."""
    return np.log(rows.seconds / own_seconds(one, rows.scheme, rows.facts, *rows.sizes, rows.copies))


def _shipped(chip: Chip, rows: Products) -> tuple[float | None, float | None]:
    """Error and coverage in percent of what the product would say without this calibration."""
    if rows.scheme.name not in SCHEMES:
        return _mape(np.log(rows.seconds / first_principles(chip, rows.scheme, *rows.sizes))), None
    found = coefficients("gemm", rows.scheme.group)
    sizes = [column.astype(np.float32) for column in rows.sizes]
    try:
        time = products(
            found, chip, reference_of(found, chip), rows.stack, rows.scheme, *sizes, copies=rows.copies, own=False
        )
    except UnsupportedError:
        return None, None
    inside = (rows.seconds >= time.low) & (rows.seconds <= time.high)
    return _mape(np.log(rows.seconds / time.seconds)), float(100.0 * np.mean(inside))


def _coverage(left: Any, folds: Any) -> float:
    """Share of the rows inside the band that the other folds give, in percent."""
    inside = np.empty(len(left), dtype=bool)
    for fold in range(_FOLDS):
        low, high = _ends(left[folds != fold])
        inside[folds == fold] = (left[folds == fold] >= low) & (left[folds == fold] <= high)
    return float(100.0 * np.mean(inside))


def _ends(left: Any) -> tuple[float, float]:
    margin = 0.5 / len(left)
    low, high = np.quantile(left, [max(_OUTSIDE - margin, 0.0), min(1.0 - _OUTSIDE + margin, 1.0)])
    return float(low), float(high)


def _implausible(rows: Products) -> Any:
    return rows.seconds * _FASTER < _floor(rows)


def _floor(rows: Products) -> Any:
    return product_floor(*rows.sizes, bytes_of(rows.scheme), rows.facts)


def _mape(left: Any) -> float:
    return float(100.0 * np.mean(np.abs(np.expm1(-left))))
