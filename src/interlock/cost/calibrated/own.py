"""A user's own calibration of one chip: parameters fitted to the kernels that were measured on it.

idea:    the formula of `product_terms.py` with parameters of this chip, engine and scheme, times what the nearest
         measured shapes showed beyond it (a Gaussian process over the features of `features.py`). The file
         `calibrations/<chip>.json` in a user's folder answers before the shipped coefficients.
keeps:   an engine that the user did not measure but that the shipped coefficients know is answered by those.
source:  Rasmussen and Williams 2006, eq. 2.25 (mean of a Gaussian process), eq. 4.18 (its exponential covariance).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from interlock.catalogue import user_folders
from interlock.cost.calibrated.basis import Basis, CalibratedTime
from interlock.cost.calibrated.facts import Facts, facts
from interlock.cost.calibrated.features import product_features
from interlock.cost.calibrated.own_schemes import OWN_SCHEMES
from interlock.cost.calibrated.product_terms import UNIT_CYCLES, Bytes, product_floor, product_terms, product_units
from interlock.cost.calibrated.schemes import Scheme
from interlock.cost.calibrated.selection import stack_family
from interlock.cost.calibrated.split import fingerprints
from interlock.errors import InputError
from interlock.files import read_json
from interlock.hardware import Chip

SCHEMA: Final = 1
KIND: Final = "products of one chip"
ALIKE: Final = 1.0  # root mean square distance of features over which a residual fades to 1 / e
CLIP: Final = 3.0
_ROWS_AT_A_TIME: Final = 4096

Key = tuple[str, str]  # stack, scheme


@dataclass(frozen=True, slots=True, kw_only=True)
class Residuals:
    """What is left beside the formula: shapes that were measured, the weight of each, and how much is unexplained."""

    m: Any
    n: Any
    k: Any
    weight: Any
    amplitude: float  # a logarithm
    mean: Any  # of the features, and their deviation
    deviation: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSet:
    """One engine and scheme on one chip; `band` holds the logarithms of the ends of a 90 % band."""

    parameters: Mapping[str, float]
    residuals: Residuals
    facts: Facts  # as they stood when fitted
    band: tuple[float, float]
    held_out: Mapping[str, float]
    seen: NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, np.uint64))  # fingerprints of fitted rows


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCalibration:
    """All that a user measured of one chip."""

    chip: str
    fit: Mapping[str, Any]
    sets: Mapping[Key, OwnSet]


def own_calibration(chip: str) -> OwnCalibration | None:
    """The user's calibration of a chip, from the first of the user's folders that has one.

    Raises:
        InputError: the file is not one.
    """
    for folder in user_folders():
        path = own_path_of(folder, chip)
        try:
            stamp = path.stat().st_mtime_ns
        except OSError:
            continue
        return _read_cached(path.absolute(), stamp)
    return None


def own_path_of(folder: Path, chip: str) -> Path:
    """Where a user's folder keeps the calibration of a chip."""
    return folder / "calibrations" / f"{chip}.json"


@cache
def _read_cached(path: Path, _stamp: int) -> OwnCalibration:
    return read_own(path)


def chosen_own(found: OwnCalibration | None, stack: str | None, scheme: str, shipped: bool) -> list[OwnSet]:
    """The sets that answer for a stack: that one, its family, or all where none is asked for or shipped."""
    if found is None:
        return []
    here = {key: one for key, one in found.sets.items() if key[1] == scheme}
    if stack is None:
        return list(here.values())
    exact = [one for key, one in here.items() if key[0] == stack.lower()]
    family = [one for key, one in here.items() if stack_family(key[0]) == stack_family(stack)]
    return exact or family or ([] if shipped else list(here.values()))


def own_prints(chip: str, scheme: str, m: Any, n: Any, k: Any) -> NDArray[np.uint64]:
    """What tells measured products of a chip and scheme apart, whatever a file calls the engine."""
    return fingerprints(f"{chip}|{scheme}", (m, n, k), 0)


def fitted_here(chip: str, stack: str | None, scheme: str, shipped: bool, m: Any, n: Any, k: Any) -> NDArray[np.bool_]:
    """Which products the user's own calibration was fitted to, where it is what answers."""
    sets = chosen_own(own_calibration(chip), stack, scheme, shipped)
    prints = own_prints(chip, scheme, m, n, k)
    return np.isin(prints, np.concatenate([one.seen for one in sets])) if sets else np.zeros(len(prints), dtype=bool)


def own_products(
    chip: Chip, reference: str, stack: str | None, scheme: Scheme, shipped: bool, m: Any, n: Any, k: Any, copies: float
) -> CalibratedTime | None:
    """Seconds by the user's calibration of the chip, or of the one it comes from; None where there is none."""
    own = own_calibration(chip.id)
    found = own or (own_calibration(reference) if reference != chip.id else None)
    sets = chosen_own(found, stack, scheme.name, shipped)
    if not sets:
        return None
    here = facts(chip, scheme.operand)
    guesses = [own_seconds(one, scheme, here, m, n, k, copies) for one in sets]
    low = np.min([guess * np.exp(one.band[0]) for guess, one in zip(guesses, sets, strict=True)], axis=0)
    high = np.max([guess * np.exp(one.band[1]) for guess, one in zip(guesses, sets, strict=True)], axis=0)
    seconds = np.exp(np.mean([np.log(guess) for guess in guesses], axis=0))
    same = own is not None and all(one.facts == here for one in sets)
    return CalibratedTime(seconds, low, high, Basis.OWN if same else Basis.OTHER_CHIP)


def own_seconds(one: OwnSet, scheme: Scheme, here: Facts, m: Any, n: Any, k: Any, copies: float) -> Any:
    """Seconds of products by one set; columns of one length, on a chip whose facts may have changed since."""
    each = Bytes(scheme.input_bytes, scheme.weight_bytes, scheme.output_bytes, float(scheme.quantised))
    seconds = np.empty(len(m), np.float32)
    for start in range(0, len(m), _ROWS_AT_A_TIME):
        rows = slice(start, start + _ROWS_AT_A_TIME)
        sizes = m[rows], n[rows], k[rows]
        units = product_units(product_terms(*sizes, each, here, copies), one.parameters)
        change = np.exp(left_over(one.residuals, *sizes, each, one.facts))
        seconds[rows] = np.maximum(units * change * (UNIT_CYCLES / here.clock_hz), product_floor(*sizes, each, here))
    return seconds


def left_over(found: Residuals, m: Any, n: Any, k: Any, each: Bytes, facts: Facts) -> Any:
    """Logarithm of measured over formula that measured shapes nearby let expect; 0 far from all of them."""
    if not len(found.weight):
        return np.zeros(len(m))
    known = features_of(found, found.m, found.n, found.k, each, facts)
    return found.amplitude**2 * likeness(features_of(found, m, n, k, each, facts), known) @ found.weight


def features_of(found: Residuals, m: Any, n: Any, k: Any, each: Bytes, facts: Facts) -> Any:
    """Standardised features of shapes."""
    rows, columns, depth = (np.asarray(size, dtype=np.float32) for size in (m, n, k))
    raw = product_features(rows, columns, depth, each, facts)
    return np.clip((raw - found.mean) / found.deviation, -CLIP, CLIP).astype(float)


def likeness(here: Any, there: Any) -> Any:
    """Correlation of the residuals of two lists of shapes."""
    squares = (here**2).sum(1)[:, None] + (there**2).sum(1) - 2.0 * here @ there.T
    distance = np.sqrt(np.maximum(squares, 0.0) / here.shape[1])
    return np.exp(-distance / ALIKE)


def own_text(found: OwnCalibration) -> str:
    """The calibration as its file holds it."""
    sets = {
        "|".join(key): {
            "parameters": {name: _rounded(value) for name, value in one.parameters.items()},
            "facts": one.facts.record(),
            "band": [_rounded(end) for end in one.band],
            "seen": [f"{print_:016x}" for print_ in one.seen.tolist()],
            "held_out": {name: _rounded(value) for name, value in one.held_out.items()},
            "residuals": {name: _rounded(getattr(one.residuals, name)) for name in Residuals.__slots__},
        }
        for key, one in found.sets.items()
    }
    data = {"schema": SCHEMA, "kind": KIND, "chip": found.chip, "fit": dict(found.fit), "sets": sets}
    return json.dumps(data, indent=1, allow_nan=False) + "\n"


def read_own(path: Path) -> OwnCalibration:
    """A calibration from its file.

    Raises:
        InputError: not such a file, of another schema, or incomplete.
    """
    data = read_json(path)
    if (data.get("schema"), data.get("kind")) != (SCHEMA, KIND):
        raise InputError(str(path), f"schema {data.get('schema')!r}", f"schema {SCHEMA} of {KIND!r}")
    try:
        sets = {_key(text): _set(one) for text, one in data["sets"].items()}
        return OwnCalibration(chip=str(data["chip"]), fit=dict(data["fit"]), sets=sets)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(str(path), f"nothing valid for {error}", "what `interlock calibrate` writes") from None


def _set(data: Mapping[str, Any]) -> OwnSet:
    names = [name for name in Residuals.__slots__ if name != "amplitude"]
    columns = {name: np.array(data["residuals"][name], dtype=float) for name in names}
    low, high = map(float, data["band"])
    return OwnSet(
        parameters={name: float(value) for name, value in data["parameters"].items()},
        residuals=Residuals(**columns, amplitude=float(data["residuals"]["amplitude"])),
        facts=Facts.of_record(data["facts"]),
        band=(low, high),
        held_out=dict(data["held_out"]),
        seen=np.array([int(text, 16) for text in data.get("seen", [])], dtype=np.uint64),
    )


def _key(text: str) -> Key:
    stack, scheme = text.split("|")
    if scheme not in OWN_SCHEMES:
        raise ValueError(f"scheme {scheme!r}")
    return stack, scheme


def _rounded(value: Any) -> Any:
    if np.ndim(value):
        return [_rounded(item) for item in value]
    return float(f"{float(value):.7g}")
