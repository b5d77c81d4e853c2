"""The form that attention, experts and scans share: times that hide each other, times that add, and a correction.

idea:    units = launch + (sum over hidden (a x) ** p) ** (1 / p) + sum over added b z, times exp(correction).
         A family says what x and z are; a, b, p and launch are fitted.
symbols: all times in U = 4,000 clock cycles, as in `product_terms`.
keeps:   terms never grow with bandwidth or peak, so neither does the sum. One formula for NumPy and, while fitting,
         torch.
source:  Williams et al. 2009 (roofline); p-norms of overlapping times as in `product_terms`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from interlock.cost.calibrated.facts import Facts
from interlock.cost.calibrated.product_terms import UNIT_CYCLES, Bytes
from interlock.cost.calibrated.schemes import Scheme
from interlock.evidence.measurement import Measurements

SHARPNESS: Final = (1.0, 8.0)  # of the norm: a sum, and nearly the maximum
SORT: Final = 1_000_000  # classes of shapes with another multiple of it are never taken for each other
_LEAST: Final = 1e-9
_START: Final = {"hidden": 1.35, "added": 0.37, "sharpness": 2.7, "launch": 1.0}

Columns = Mapping[str, Any]  # float32 arrays by name


class Terms(NamedTuple):
    """Times in U at rated shares; `least` is what rated peaks allow."""

    hidden: tuple[Any, ...]
    added: tuple[Any, ...]
    least: Any


class Reading(NamedTuple):
    """Measured rows as a family sees them: its formats and the kernel that ran, by name, and its columns."""

    formats: NDArray[Any]
    kernels: NDArray[Any]
    columns: Columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One family of operators: its columns, terms and features, and what it reads of a measurement."""

    name: str  # of its file in data/calibrations
    columns: tuple[str, ...]
    hidden: tuple[str, ...]
    added: tuple[str, ...]
    copies: float  # of what is read, cycled between two calls of the benchmark
    terms: Callable[[Columns, Bytes, Facts, float], Terms]
    features: Callable[[Columns, Bytes, Facts], list[Any]]
    scheme: Callable[[str], Scheme]  # of the formats' name
    code: Callable[[Columns], NDArray[np.int64]]  # class of shapes that one kernel serves
    read: Callable[[Measurements], Reading]

    @property
    def starts(self) -> dict[str, float]:
        """Where a fit of the parameters starts."""
        terms = dict.fromkeys(self.hidden, _START["hidden"]) | dict.fromkeys(self.added, _START["added"])
        return {**terms, "sharpness": _START["sharpness"], "launch": _START["launch"]}

    def units(self, terms: tuple[Any, ...], p: Mapping[str, Any], xp: Any = np) -> Any:
        """Time in U of hidden and added terms, one after the other; `xp` is the array module that holds them."""
        count = len(self.hidden)
        hidden = [term * p[name] for term, name in zip(terms[:count], self.hidden, strict=True)]
        added = [term * p[name] for term, name in zip(terms[count:], self.added, strict=True)]
        sharpness = xp.clip(p["sharpness"], *SHARPNESS)
        most = reduce(xp.maximum, hidden) + _LEAST
        norm = sum((term / most) ** sharpness for term in hidden) ** (1.0 / sharpness)
        return most * norm + sum(added) + p["launch"]


def unit_s(chip: Facts) -> Any:
    """Seconds of one U."""
    return UNIT_CYCLES / chip.clock_hz


def feature_matrix(family: Family, columns: Columns, each: Bytes, chip: Facts, terms: Terms) -> NDArray[np.float32]:
    """Logarithms of the terms, then what the family adds; one row an operator."""
    found = [*(log(term) for term in (*terms.hidden, *terms.added)), *family.features(columns, each, chip)]
    matrix = np.empty((len(columns[family.columns[0]]), len(found)), np.float32)
    for place, column in enumerate(found):
        matrix[:, place] = column
    return matrix


def waves(work: Any, cores: Any) -> Iterator[Any]:
    """Logarithms of how often the cores are filled, and of how full the last filling is."""
    filled = work / cores
    whole = log(filled)
    yield whole
    yield whole - log(np.ceil(filled))


def log(value: Any) -> Any:
    """Of float32, and of plain numbers, too: a float64 would widen every column it meets."""
    return np.log(value + np.float32(_LEAST), dtype=np.float32)
