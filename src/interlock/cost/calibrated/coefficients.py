"""Fitted coefficients as `data/calibrations/<family>-<group>.json` holds them, with what they were fitted to.

keeps: a file says its sources, licence, seed, split, rows, date and held-out errors; numbers have 5 significant digits.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from interlock.cost.calibrated.facts import Facts
from interlock.cost.calibrated.network import Matrix, Network, Own
from interlock.cost.calibrated.places import place_of, stored

SCHEMA: Final = 1
SIZES_S: Final = (1e-5, 1e-4)  # bands are set apart for short, middle and long calls
_SEPARATOR: Final = "|"
_MATRICES: Final = ("mean", "deviation", "first", "first_bias", "second", "second_bias", "last")

Key = tuple[str, str, str]  # chip, stack, scheme
Band = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """One set: parameters of the formula, its part of the network, the logarithms of its band by size class."""

    parameters: Mapping[str, float]
    own: Own
    band: Band
    held_out: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coefficients:
    """All sets of one group of schemes. `unseen`: parameters for any chip, by stack family and scheme.

    `kernels`: where an engine has several, which one a class of shapes takes, by chip, stack and formats.
    """

    fit: Mapping[str, Any]
    facts: Mapping[tuple[str, str], Facts]  # by chip and scheme, as they stood when fitted
    network: Network
    sets: Mapping[Key, Fitted]
    unseen: Mapping[tuple[str, str], Mapping[str, float]]
    unseen_band: tuple[float, float]
    unseen_held_out: Mapping[str, float]
    kernels: Mapping[Key, Mapping[str, tuple[int, ...]]] = field(default_factory=dict)

    @property
    def seed(self) -> int:
        """Of the split and the fit."""
        return int(self.fit["seed"])


def coefficients(family: str, group: str = "") -> Coefficients:
    """The coefficients of a family, or of a group in it: the user's own fit, or what is shipped."""
    return _read_cached(*place_of(f"{'-'.join(filter(None, (family, group)))}.json"))


@cache
def _read_cached(path: Path, _stamp: int) -> Coefficients:
    return read_coefficients(path)


def read_coefficients(path: Path) -> Coefficients:
    """Coefficients from a file.

    Raises:
        InputError: not such a file, or of another schema.
    """
    data = stored(path, SCHEMA)
    names = data["parameters"]
    return Coefficients(
        fit=data["fit"],
        facts={_pair(key): Facts.of_record(value) for key, value in data["facts"].items()},
        network=_network(data["network"]),
        sets={_triple(key): _fitted(value, names) for key, value in data["sets"].items()},
        unseen={_pair(key): dict(zip(names, value, strict=True)) for key, value in data["unseen"].items()},
        unseen_band=(data["unseen_band"][0], data["unseen_band"][1]),
        unseen_held_out=data["unseen_held_out"],
        kernels={
            _triple(key): {name: tuple(codes) for name, codes in value.items()}
            for key, value in data.get("kernels", {}).items()
        },
    )


def write_coefficients(path: Path, found: Coefficients) -> None:
    """Store coefficients, rounded."""
    names = list(next(iter(found.sets.values())).parameters)
    network = {name: _rounded(getattr(found.network, name)) for name in (*_MATRICES, "bound", "last_bias")}
    data = {
        "schema": SCHEMA,
        "fit": dict(found.fit),
        "parameters": names,
        "facts": {_SEPARATOR.join(key): value.record() for key, value in found.facts.items()},
        "unseen_band": _rounded(found.unseen_band),
        "unseen_held_out": {key: _rounded(value) for key, value in found.unseen_held_out.items()},
        "unseen": {_SEPARATOR.join(key): _rounded([value[n] for n in names]) for key, value in found.unseen.items()},
        "network": network,
        "sets": {
            _SEPARATOR.join(key): {
                "parameters": _rounded([one.parameters[name] for name in names]),
                "embedding": _rounded(one.own.embedding),
                "gain": _rounded(one.own.gain),
                "last": _rounded(one.own.last),
                "band": _rounded(one.band),
                "held_out": {name: _rounded(value) for name, value in one.held_out.items()},
            }
            for key, one in found.sets.items()
        },
    }
    if found.kernels:
        data["kernels"] = {
            _SEPARATOR.join(key): {name: list(codes) for name, codes in one.items()}
            for key, one in found.kernels.items()
        }
    path.write_text(json.dumps(data, indent=None, separators=(",", ":")).replace('},"', '},\n"') + "\n", "utf-8")


def _network(data: Mapping[str, Any]) -> Network:
    matrices = {name: _matrix(data[name]) for name in _MATRICES}
    return Network(bound=data["bound"], last_bias=data["last_bias"], **matrices)


def _fitted(data: Mapping[str, Any], names: list[str]) -> Fitted:
    own = Own(**{name: _matrix(data[name]) for name in ("embedding", "gain", "last")})
    band = tuple((low, high) for low, high in data["band"])
    parameters = dict(zip(names, data["parameters"], strict=True))
    return Fitted(parameters=parameters, own=own, band=band, held_out=data["held_out"])


def _matrix(values: Any) -> Matrix:
    return np.array(values, dtype=np.float32)


def _pair(key: str) -> tuple[str, str]:
    first, second = key.split(_SEPARATOR)
    return first, second


def _triple(key: str) -> Key:
    chip, stack, scheme = key.split(_SEPARATOR)
    return chip, stack, scheme


def _rounded(value: Any) -> Any:
    if isinstance(value, int):
        return value
    if np.ndim(value):
        return [_rounded(item) for item in value]
    return float(f"{float(value):.5g}")
