"""Calibrated watts of a chip while one kernel loops: static, arithmetic and memory terms times a bounded correction.

keeps:   watts lie between what an idle loop draws and the limit of the board.
departs: kernels of decoding are refused, and so are kernels shorter than a tenth of a millisecond: the sensor averages
         over longer than they take, so that its readings follow whatever ran before (`twin_spread`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from interlock.catalogue import DATA
from interlock.cost.calibrated.facts import Facts
from interlock.cost.calibrated.network import Matrix, Network, Own, correction
from interlock.cost.calibrated.places import place_of, stored
from interlock.cost.calibrated.power_features import PowerTerms, power_terms
from interlock.cost.calibrated.split import HELD_OUT, part_of
from interlock.errors import InputError, UnsupportedError
from interlock.evidence.measurement import Measurements
from interlock.hardware import Chip, chip

SCHEMA: Final = 1
PATH: Final = DATA / "calibrations" / "power.json"
SHORTEST_S: Final = 1e-4  # shorter kernels cannot be told apart by a sensor that averages over milliseconds
_MATRICES: Final = ("mean", "deviation", "first", "first_bias", "second", "second_bias", "last")
_SIZES: Final = {
    "attention": ("sequences", "tokens", "context", "heads", "kv_heads", "head_dim", "window"),
    "experts": ("tokens", "width", "intermediate", "experts", "top_k", "tensor", "expert"),
}

Column = NDArray[np.float64]
PowerKey = tuple[str, str, str]  # chip, family, kernel with its formats


class CalibratedPower(NamedTuple):
    """Watts and the ends of a 90 % band."""

    watts: Any
    low: Any
    high: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerKind:
    """Of one family on one chip: shares of the board's limit, the network, the band, errors of rows never seen."""

    shares: tuple[float, float, float]  # static, arithmetic, memory
    least_w: float
    facts: Facts
    network: Network
    sets: Mapping[str, Own]
    band: tuple[float, float]
    held_out: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """All kinds by chip and family."""

    fit: Mapping[str, Any]
    kinds: Mapping[tuple[str, str], PowerKind]


def power_watts(one: Chip, family: str, kernel: str, columns: Mapping[str, Any]) -> CalibratedPower:
    """Watts of kernels of one family, from columns of their shapes as measurements spell them.

    Raises:
        UnsupportedError: a chip, family or kernel whose power was not measured.
    """
    kind = power().kinds.get((one.id, family))
    if kind is None or kernel not in kind.sets:
        raise UnsupportedError(f"no calibrated power of {family} by {kernel} on {one.id}")
    if "phase" in columns and np.any(np.asarray(columns["phase"]) != "prefill"):
        raise UnsupportedError("the power of decoding kernels cannot be learnt from what was measured")
    limit = float(one.tdp or np.inf)
    watts = np.clip(watts_of(kind, kernel, power_terms(columns, kind.facts), limit), kind.least_w, limit)
    low, high = (np.clip(watts * np.exp(end), kind.least_w, limit) for end in kind.band)
    return CalibratedPower(watts, low, high)


def predict_power(measurements: Measurements, *, fitted_rows: bool = False) -> Column:
    """Watts of measured rows; nan where there is no calibration, and where a row was seen while fitting."""
    watts = np.full(len(measurements), np.nan)
    for (name, family, kernel), rows in kernels(measurements):
        part = measurements.where(rows)
        try:
            found = power_watts(chip(name), family, kernel, part.columns).watts
        except (InputError, UnsupportedError):
            continue
        if not fitted_rows and part.set_name == power().fit["set"]:
            found[parts_of((name, family, kernel), part, int(power().fit["seed"])) != HELD_OUT] = np.nan
        found[np.asarray(part["seconds"], dtype=float) < SHORTEST_S] = np.nan
        watts[rows] = found
    return watts


def kernels(measurements: Measurements) -> list[tuple[PowerKey, NDArray[np.bool_]]]:
    """The kernels of the rows, and which rows they are."""
    if "implementation" not in measurements.columns or str(measurements["family"][0]) not in _SIZES:
        return []
    names = (
        "chip",
        "family",
        "implementation",
        *(("kv_format", "phase") if "phase" in measurements.columns else ("kernel",)),
    )
    text = np.array(["\x1f".join(map(str, row)) for row in zip(*(measurements[name] for name in names), strict=True)])
    found = []
    for key in np.unique(text):
        name, family, *rest = str(key).split("\x1f")
        found.append(((name, family, " ".join(rest)), text == key))
    return found


def parts_of(key: PowerKey, part: Measurements, seed: int) -> NDArray[np.int64]:
    """Which part of the split each row is in."""
    return part_of("|".join(key), tuple(part[name] for name in _SIZES[key[1]]), seed)


def watts_of(kind: PowerKind, kernel: str, terms: PowerTerms, limit: float) -> Any:
    """Before the bounds."""
    change = correction(terms.features, kind.network, kind.sets[kernel]).astype(float)
    return three_terms(kind.shares, terms, limit) * np.exp(change)


def three_terms(shares: tuple[float, float, float], terms: PowerTerms, limit: float) -> Any:
    """Static power, arithmetic and memory by the share of the time that they work."""
    static, arithmetic, memory = shares
    return limit * np.minimum(static + arithmetic * terms.compute_share + memory * terms.memory_share, 1.0)


def twin_spread(measurements: Measurements) -> tuple[float, int]:
    """Median of |ln(power / power)| of rows that differ in the format of the cache alone, and how many pairs there are.

    Such twins do nearly the same work, so that no function of the shape can be closer than about half of it.
    """
    shapes = zip(*(map(float, measurements[name]) for name in _SIZES["attention"]), strict=True)
    pairs: dict[tuple[Any, ...], dict[str, float]] = {}
    for shape, form, watts in zip(shapes, measurements["kv_format"], measurements["power_w"], strict=True):
        pairs.setdefault(shape, {})[str(form)] = float(watts)
    gaps = [abs(np.log(max(two.values()) / min(two.values()))) for two in pairs.values() if len(two) == 2]
    return (float(np.median(gaps)) if gaps else float("nan")), len(gaps)


def power() -> Power:
    """The user's own fit, or what is shipped."""
    return _read_cached(*place_of(PATH.name))


@cache
def _read_cached(path: Path, _stamp: int) -> Power:
    return read_power(path)


def read_power(path: Path) -> Power:
    """Fitted power from a file.

    Raises:
        InputError: not such a file, or of another schema.
    """
    data = stored(path, SCHEMA)
    kinds = {}
    for text, value in data["kinds"].items():
        name, family = text.split("|")
        network = {key: _matrix(value["network"][key]) for key in _MATRICES}
        kinds[name, family] = PowerKind(
            shares=tuple(value["shares"]),
            least_w=value["least_w"],
            facts=Facts.of_record(value["facts"]),
            network=Network(bound=value["network"]["bound"], last_bias=value["network"]["last_bias"], **network),
            sets={
                key: Own(**{part: _matrix(one[part]) for part in ("embedding", "gain", "last")})
                for key, one in value["sets"].items()
            },
            band=(value["band"][0], value["band"][1]),
            held_out=value["held_out"],
        )
    return Power(fit=data["fit"], kinds=kinds)


def write_power(path: Path, found: Power) -> None:
    """Store fitted power, rounded."""
    kinds = {
        "|".join(key): {
            "shares": _rounded(kind.shares),
            "least_w": kind.least_w,
            "facts": kind.facts.record(),
            "network": {key: _rounded(getattr(kind.network, key)) for key in (*_MATRICES, "bound", "last_bias")},
            "sets": {
                name: {part: _rounded(getattr(own, part)) for part in ("embedding", "gain", "last")}
                for name, own in kind.sets.items()
            },
            "band": _rounded(kind.band),
            "held_out": {name: _rounded(value) for name, value in kind.held_out.items()},
        }
        for key, kind in found.kinds.items()
    }
    data = {"schema": SCHEMA, "fit": dict(found.fit), "kinds": kinds}
    path.write_text(json.dumps(data, indent=None, separators=(",", ":")).replace('},"', '},\n"') + "\n", "utf-8")


def _matrix(values: Any) -> Matrix:
    return np.array(values, dtype=np.float32)


def _rounded(value: Any) -> Any:
    if isinstance(value, int):
        return value
    if np.ndim(value):
        return [_rounded(item) for item in value]
    return float(f"{float(value):.5g}")
