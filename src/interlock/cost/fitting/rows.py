"""Measured products as numbers: sizes, seconds, and codes of the set, chip and stack family of each row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from interlock.cost.calibrated.coefficients import Key
from interlock.cost.calibrated.facts import Facts, facts
from interlock.cost.calibrated.gemm import set_text
from interlock.cost.calibrated.product_terms import Bytes
from interlock.cost.calibrated.schemes import SCHEMES, scheme_of
from interlock.cost.calibrated.selection import stack_family
from interlock.cost.calibrated.split import part_of
from interlock.errors import UnsupportedError
from interlock.evidence.measurement import Measurements
from interlock.hardware import Chip, chip

SHORTEST_S: Final = 1e-6  # no kernel is over in less

Column = NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Rows of one group of schemes; `sets` names what `code` counts."""

    sets: tuple[Key, ...]
    code: Column
    part: Column
    m: Column
    n: Column
    k: Column
    seconds: Column

    def __len__(self) -> int:
        return len(self.code)

    def where(self, mask: Column) -> Rows:
        """The rows that a mask keeps."""
        kept = {item.name: getattr(self, item.name)[mask] for item in fields(self) if item.name != "sets"}
        return Rows(sets=self.sets, **kept)

    def codes_of(self, names: list[str]) -> tuple[list[str], Column]:
        """Names given one to a set, as sorted unique names and a code a row."""
        unique, inverse = np.unique(names, return_inverse=True)
        return [str(name) for name in unique], inverse[self.code]

    def chips(self) -> list[Chip]:
        """The chip of each set."""
        return [chip(key[0]) for key in self.sets]

    def facts(self) -> Facts:
        """Facts as columns over the rows."""
        each = [facts(one, SCHEMES[key[2]].operand).record() for one, key in zip(self.chips(), self.sets, strict=True)]
        return Facts(**{name: np.array([one[name] for one in each], np.float32)[self.code] for name in each[0]})

    def bytes(self) -> Bytes:
        """Bytes of an element as columns over the rows."""
        each = [SCHEMES[key[2]] for key in self.sets]
        columns = [(s.input_bytes, s.weight_bytes, s.output_bytes, float(s.quantised)) for s in each]
        return Bytes(*np.array(columns, np.float32)[self.code].T)


def frameworks(rows: Rows) -> list[str]:
    """Stack family and scheme of each set."""
    return [f"{stack_family(stack)}|{scheme}" for _, stack, scheme in rows.sets]


def read_rows(parts: Iterable[Measurements], group: str, seed: int) -> Rows:
    """The products of one group of schemes, each assigned to its part of the split."""
    sets: dict[Key, int] = {}
    columns: list[tuple[Column, ...]] = []
    for part in parts:
        for key, mask in _sets_of(part, group):
            m, n, k = (np.asarray(part[name], dtype=np.float32)[mask] for name in ("m", "n", "k"))
            code = np.full(len(m), sets.setdefault(key, len(sets)))
            split = part_of(set_text(*key), (m, n, k), seed)
            columns.append((code, split, m, n, k, part.measured[mask]))
    code, split, m, n, k, seconds = (np.concatenate(column) for column in zip(*columns, strict=True))
    return Rows(sets=tuple(sets), code=code, part=split, m=m, n=n, k=k, seconds=seconds)


def _sets_of(part: Measurements, group: str) -> Iterable[tuple[Key, Column]]:
    single = np.asarray(part["batch"] == 1.0 if "batch" in part.columns else np.ones(len(part), dtype=bool))
    sound = single & (part.measured >= SHORTEST_S)
    kernels = part["kernel"] if "kernel" in part.columns else np.full(len(part), "")
    names = [part[name] for name in ("chip", "stack", "weight_format", "activation_format")]
    for run in sorted(set(zip(*(map(str, column) for column in (*names, kernels)), strict=True))):
        mask = sound & np.logical_and.reduce([c == v for c, v in zip((*names, kernels), run, strict=True)])
        try:
            scheme = scheme_of(run[2], run[3], run[4])
        except UnsupportedError:
            continue
        if scheme.group == group and mask.any():
            yield (run[0], run[1], scheme.name), mask
