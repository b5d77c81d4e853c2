"""Calibrated seconds of matrix products: a fitted formula times a bounded correction, with a 90 % band.

idea:    the formula (`product_terms.py`) carries the physics, the correction (`network.py`) what kernels do besides.
         A chip that was measured uses its own coefficients; any other chip the formula alone, with the coefficients
         that all chips share and the errors that left-out chip families had.
keeps:   the correction is taken at the facts the coefficients were fitted at: a variant of a chip is never slower for
         more bandwidth, peak or cache. No time is shorter than rated peaks allow.
departs: a chip that was not measured gets no correction: for left-out families it made errors larger.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from interlock.cost.calibrated.basis import Basis, CalibratedTime
from interlock.cost.calibrated.coefficients import Coefficients, Fitted, coefficients
from interlock.cost.calibrated.facts import Facts, facts
from interlock.cost.calibrated.features import product_features
from interlock.cost.calibrated.network import correction
from interlock.cost.calibrated.own import fitted_here, own_products
from interlock.cost.calibrated.own_schemes import own_scheme_of
from interlock.cost.calibrated.pooled import pooled
from interlock.cost.calibrated.product_terms import (
    UNIT_CYCLES,
    Bytes,
    product_floor,
    product_terms,
    product_units,
)
from interlock.cost.calibrated.schemes import Scheme
from interlock.cost.calibrated.selection import chosen, unseen
from interlock.cost.calibrated.split import HELD_OUT, part_of
from interlock.errors import UnknownNameError, UnsupportedError
from interlock.evidence.measurement import Measurements
from interlock.hardware import Chip, chip

BLOCK: Final = 8192  # rows at a time: the working set stays in the cache
COPIES: Final = {"aiconfigurator": 5.0}  # weights that a set's benchmark cycles, so that the cache is nearly cold

_TRANSFERS_TO: Final = frozenset({"datacenter-gpu", "workstation-gpu"})  # as every chip that was measured

Column = NDArray[np.float64]


def gemm_seconds(
    chip: Chip,
    stack: str | None,
    weight_format: str,
    activation_format: str,
    m: Any,
    n: Any,
    k: Any,
    copies: float = np.inf,
    *,
    kernel: str = "",
    fitted: str | None = None,
) -> CalibratedTime:
    """Seconds of C[m, n] = A[m, k] B[k, n], arrays or numbers, with the ends of a 90 % band.

    Args:
        chip: any chip; a variant may name the chip it comes from with `fitted`.
        stack: "vllm 0.24.0"; "vllm", its newest measured version; None, the geometric mean of the measured engines.
        weight_format: as the catalogue of formats spells it.
        activation_format: likewise.
        m: rows.
        n: columns.
        k: length of the sums.
        copies: of the weights, cycled between two calls; infinite where other layers run in between.
        kernel: "fp8_block" where FP8 has block scales.
        fitted: the chip whose coefficients to use; the chip itself, or else the one it is `like`, if None.

    Raises:
        UnsupportedError: formats without measurements, a chip that is no GPU, or one of which facts are missing.
    """
    scheme = own_scheme_of(weight_format, activation_format, kernel)
    found = coefficients("gemm", scheme.group)
    reference = fitted or reference_of(found, chip)
    columns = [np.asarray(value, dtype=np.float32).ravel() for value in np.broadcast_arrays(m, n, k)]
    seconds, low, high, basis = products(found, chip, reference, stack, scheme, *columns, copies=copies)
    shape = np.broadcast_shapes(np.shape(m), np.shape(n), np.shape(k))
    return CalibratedTime(seconds.reshape(shape), low.reshape(shape), high.reshape(shape), basis)


def predict(measurements: Measurements, *, fitted_rows: bool = False) -> Column:
    """Seconds of measured products; nan where there is no calibration, and where a row was seen while fitting."""
    seconds = np.full(len(measurements), np.nan)
    if "batch" in measurements.columns and np.any(np.asarray(measurements["batch"], dtype=float) != 1.0):
        return seconds  # a product for each of several matrices is another kernel
    for rows, part, one in measured_runs(measurements):
        try:
            scheme = own_scheme_of(str(part["weight_format"][0]), str(part["activation_format"][0]), _kernel(part))
            found = coefficients("gemm", scheme.group)
            sizes = [np.asarray(part[name], dtype=np.float32) for name in ("m", "n", "k")]
            stack, copies = str(part["stack"][0]), COPIES.get(part.set_name, np.inf)
            reference = reference_of(found, one)
            guess = products(found, one, reference, stack, scheme, *sizes, copies=copies).seconds.astype(float)
        except (UnsupportedError, UnknownNameError):
            continue
        key = (one.id, stack, scheme.name)
        if not fitted_rows and part.set_name == found.fit["set"] and key in found.sets:
            guess[part_of(set_text(*key), tuple(sizes), found.seed) != HELD_OUT] = np.nan
        if not fitted_rows:
            shipped = bool(chosen(found, reference, stack, scheme.name)[0])
            guess[fitted_here(one.id, stack, scheme.name, shipped, *sizes)] = np.nan
        seconds[rows] = guess
    return seconds


def reference_of(found: Coefficients, chip: Chip) -> str:
    """The chip whose coefficients a chip takes: its own, or those of the one it is `like`."""
    known = {key[0] for key in found.sets}
    return chip.like if chip.like in known and chip.id not in known else chip.id


def set_text(chip: str, stack: str, scheme: str) -> str:
    """A set as the split spells it."""
    return f"{chip}|{stack}|{scheme}"


def products(
    found: Coefficients,
    chip: Chip,
    reference: str,
    stack: str | None,
    scheme: Scheme,
    m: Any,
    n: Any,
    k: Any,
    *,
    copies: float,
    own: bool = True,
) -> CalibratedTime:
    """Seconds with given coefficients, but for what the user's `own` calibration answers; columns of float32."""
    keys, basis = chosen(found, reference, stack, scheme.name)
    if own and (mine := own_products(chip, reference, stack, scheme, bool(keys), m, n, k, copies=copies)) is not None:
        return mine
    here = facts(chip, scheme.operand)
    each = bytes_of(scheme)
    fixed = found.facts.get((reference, scheme.name))
    if basis is Basis.OTHER_CHIP:
        if chip.category not in _TRANSFERS_TO:
            raise UnsupportedError(f"{chip.id}: only GPUs were measured, and it is none")
        shared = [found.unseen[key] for key in unseen(found, stack, scheme.name)]
        if not shared:
            raise UnsupportedError(f"no calibration for products in {scheme.name}")
        logs = [np.log(formula(parameters, m, n, k, each, here, copies)) for parameters in shared]
        seconds = np.maximum(np.exp(np.mean(logs, axis=0)), product_floor(m, n, k, each, here))
        low, high = found.unseen_band
        return CalibratedTime(seconds, seconds * np.exp(low), seconds * np.exp(high), basis)
    assert fixed is not None  # a set comes with the facts of its chip
    guesses = [priced(found, found.sets[key], m, n, k, each, here, fixed, copies) for key in keys]
    basis = basis if chip.id == reference else Basis.OTHER_CHIP
    sets = [found.sets[key] for key in keys]
    return pooled(found, sets, guesses, basis, as_fitted=here == fixed, one_stack=stack is not None)


def priced(
    found: Coefficients, one: Fitted, m: Any, n: Any, k: Any, each: Bytes, here: Facts, fixed: Facts, copies: float
) -> Any:
    """Seconds with one set's coefficients, in blocks of rows."""
    seconds = np.empty(len(m), np.float32)
    for start in range(0, len(m), BLOCK):
        rows = slice(start, start + BLOCK)
        sizes = m[rows], n[rows], k[rows]
        change = np.exp(correction(product_features(*sizes, each, fixed), found.network, one.own))
        least = product_floor(*sizes, each, here)
        seconds[rows] = np.maximum(formula(one.parameters, *sizes, each, here, copies) * change, least)
    return seconds


def formula(parameters: Mapping[str, float], m: Any, n: Any, k: Any, each: Bytes, here: Facts, copies: float) -> Any:
    """Seconds before the correction."""
    terms = product_terms(m, n, k, each, here, copies)
    return product_units(terms, {name: np.float32(value) for name, value in parameters.items()}) * (
        UNIT_CYCLES / here.clock_hz
    )


def bytes_of(scheme: Scheme) -> Bytes:
    """A scheme's bytes as the formula takes them."""
    return Bytes(scheme.input_bytes, scheme.weight_bytes, scheme.output_bytes, float(scheme.quantised))


def _kernel(part: Measurements) -> str:
    return str(part["kernel"][0]) if "kernel" in part.columns else ""


def measured_runs(measurements: Measurements) -> Iterator[tuple[NDArray[np.intp], Measurements, Chip]]:
    """Rows of one chip, stack, pair of formats and kernel."""
    codes = np.zeros(len(measurements), dtype=np.int64)
    for name in ("chip", "stack", "weight_format", "activation_format", "kernel"):
        if name in measurements.columns:
            values, inverse = np.unique(measurements[name], return_inverse=True)
            codes = codes * len(values) + inverse
    for code in np.unique(codes):
        rows = np.flatnonzero(codes == code)
        part = measurements.where(codes == code)
        try:
            one = chip(str(part["chip"][0]))
        except UnknownNameError:
            continue
        yield rows, part, one
