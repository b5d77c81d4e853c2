"""Products of a measured chip, priced as if nobody had measured it or its siblings.

idea:    `data/calibrations/gemm-left-out.json` has, for each family of chips, the shared parameters of the formula that
         were fitted to all other families. A chip that is priced by them is as unknown as one that is yet to be built.
keeps:   no row of the chip's family had a part in its parameters; there is no correction, as for any unmeasured chip.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from interlock.catalogue import DATA
from interlock.cost.calibrated.facts import facts
from interlock.cost.calibrated.gemm import COPIES, bytes_of, formula, measured_runs
from interlock.cost.calibrated.places import place_of, stored
from interlock.cost.calibrated.product_terms import product_floor
from interlock.cost.calibrated.schemes import Scheme, scheme_of
from interlock.cost.calibrated.selection import stack_family
from interlock.errors import UnknownNameError, UnsupportedError
from interlock.evidence.measurement import Measurements
from interlock.hardware import Chip

SCHEMA: Final = 1
FILE: Final = DATA / "calibrations" / "gemm-left-out.json"
_SEPARATOR: Final = "|"

Parameters = Mapping[tuple[str, str], Mapping[str, float]]  # by stack family and scheme
Family = tuple[str, ...]  # chips that are left out together


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Parameters that exclude a family of chips, by that family; `fit` says what they were fitted to."""

    fit: Mapping[str, Any]
    families: Mapping[Family, Parameters]

    def without(self, chip: Chip) -> Parameters:
        """The parameters that a chip and its siblings had no part in; none where it was never fitted."""
        for family, parameters in self.families.items():
            if chip.id in family or chip.like in family:
                return parameters
        return {}


def left_out() -> LeftOut:
    """Those of the user's own fit, or the shipped ones."""
    return _read_cached(*place_of(FILE.name))


@cache
def _read_cached(path: Path, _stamp: int) -> LeftOut:
    return read_left_out(path)


def predict_left_out(measurements: Measurements, using: LeftOut | None = None) -> NDArray[np.float64]:
    """Seconds of measured products by parameters that exclude their chip; nan where its chip was never fitted."""
    known = using or left_out()
    seconds = np.full(len(measurements), np.nan)
    if "batch" in measurements.columns and np.any(np.asarray(measurements["batch"], dtype=float) != 1.0):
        return seconds
    for rows, part, one in measured_runs(measurements):
        kernel = str(part["kernel"][0]) if "kernel" in part.columns else ""
        try:
            scheme = scheme_of(str(part["weight_format"][0]), str(part["activation_format"][0]), kernel)
            parameters = known.without(one)
            seconds[rows] = _priced(parameters, one, str(part["stack"][0]), scheme, part)
        except (UnsupportedError, UnknownNameError):
            continue
    return seconds


def _priced(known: Parameters, chip: Chip, stack: str, scheme: Scheme, part: Measurements) -> Any:
    used = shared(known, stack_family(stack), scheme.name)
    if not used:
        raise UnsupportedError(f"{chip.id}: {scheme.name} was measured on no other family of chips")
    m, n, k = (np.asarray(part[name], dtype=np.float32) for name in ("m", "n", "k"))
    each, here = bytes_of(scheme), facts(chip, scheme.operand)
    copies = COPIES.get(part.set_name, np.inf)
    logs = [np.log(formula(parameters, m, n, k, each, here, copies)) for parameters in used]
    return np.maximum(np.exp(np.mean(logs, axis=0)), product_floor(m, n, k, each, here))


def shared(known: Parameters, family: str, scheme: str) -> list[Mapping[str, float]]:
    """The parameters of a scheme: those of the stack family if it was measured elsewhere, else of all."""
    of_scheme = {key: value for key, value in known.items() if key[1] == scheme}
    named = [value for key, value in of_scheme.items() if key[0] == family]
    return named or list(of_scheme.values())


def read_left_out(path: Path) -> LeftOut:
    """Parameters from a file.

    Raises:
        InputError: not such a file, or of another schema.
    """
    data = stored(path, SCHEMA)
    names = data["parameters"]
    families = {
        tuple(family.split(_SEPARATOR)): {
            _pair(key): dict(zip(names, values, strict=True)) for key, values in parameters.items()
        }
        for family, parameters in data["families"].items()
    }
    return LeftOut(fit=data["fit"], families=families)


def write_left_out(path: Path, found: LeftOut) -> None:
    """Store parameters with 5 significant digits."""
    every = [values for parameters in found.families.values() for values in parameters.values()]
    names = list(every[0])
    data = {
        "schema": SCHEMA,
        "fit": dict(found.fit),
        "parameters": names,
        "families": {
            _SEPARATOR.join(family): {
                _SEPARATOR.join(key): _rounded(values[name] for name in names) for key, values in parameters.items()
            }
            for family, parameters in found.families.items()
        },
    }
    path.write_text(json.dumps(data, separators=(",", ":")).replace('],"', '],\n"') + "\n", encoding="utf-8")


def _rounded(values: Iterable[float]) -> list[float]:
    return [float(f"{value:.5g}") for value in values]


def _pair(key: str) -> tuple[str, str]:
    first, second = key.split(_SEPARATOR)
    return first, second
