"""Measured operators of one family as numbers: columns, seconds, and codes of the set and class of each row.

keeps: what was measured several times is one row with the median of its times, before anything is split.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interlock.cost.calibrated.coefficients import Key
from interlock.cost.calibrated.facts import Facts, facts
from interlock.cost.calibrated.form import Family
from interlock.cost.calibrated.gemm import bytes_of, set_text
from interlock.cost.calibrated.operators import measured_sets, sizes
from interlock.cost.calibrated.product_terms import Bytes
from interlock.cost.calibrated.selection import stack_family
from interlock.cost.calibrated.split import fingerprints, part_of_prints
from interlock.errors import UnsupportedError
from interlock.evidence.measurement import Measurements
from interlock.hardware import chip

Column = NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorRows:
    """Rows of one family; `sets` names what `code` counts, `kind` is the class of shapes."""

    family: Family
    sets: tuple[Key, ...]
    code: Column
    part: Column
    kind: Column
    seconds: Column
    columns: Mapping[str, Column]

    def __len__(self) -> int:
        return len(self.code)

    def where(self, mask: Column) -> OperatorRows:
        """The rows that a mask keeps."""
        return OperatorRows(
            family=self.family,
            sets=self.sets,
            code=self.code[mask],
            part=self.part[mask],
            kind=self.kind[mask],
            seconds=self.seconds[mask],
            columns={name: column[mask] for name, column in self.columns.items()},
        )

    def facts(self) -> Facts:
        """Facts as columns over the rows."""
        each = [self.facts_of(code).record() for code in range(len(self.sets))]
        return Facts(**{name: np.array([one[name] for one in each], np.float32)[self.code] for name in each[0]})

    def facts_of(self, code: int) -> Facts:
        """Facts of one set's chip."""
        name, _, scheme = self.sets[code]
        return facts(chip(name), self.family.scheme(formats_of(scheme)).operand)

    def bytes(self) -> Bytes:
        """Bytes of an element as columns over the rows."""
        return Bytes(*np.array([self.bytes_of(code) for code in range(len(self.sets))], np.float32)[self.code].T)

    def bytes_of(self, code: int) -> Bytes:
        """Bytes of an element in one set."""
        return bytes_of(self.family.scheme(formats_of(self.sets[code][2])))

    def stacks(self) -> list[str]:
        """Stack family and scheme of each set."""
        return [f"{stack_family(stack)}|{scheme}" for _, stack, scheme in self.sets]

    def kernels(self, sets: Iterable[int]) -> dict[Key, dict[str, tuple[int, ...]]]:
        """Of some sets: the kernel that most rows of each class of shapes took, by chip, stack and formats."""
        counts: dict[Key, dict[int, dict[str, int]]] = {}
        for code in sets:
            name, stack, scheme = self.sets[code]
            formats, _, kernel = scheme.partition(" ")
            classes = counts.setdefault((name, stack, formats), {})
            for kind, count in zip(*np.unique(self.kind[self.code == code], return_counts=True), strict=True):
                classes.setdefault(int(kind), {})[kernel] = int(count)
        found: dict[Key, dict[str, tuple[int, ...]]] = {}
        for key, classes in counts.items():
            for kind, kernels in sorted(classes.items()):
                best = max(kernels, key=lambda one: (kernels[one], one))
                mine = found.setdefault(key, {})
                mine[best] = (*mine.get(best, ()), kind)
        return found


def formats_of(scheme: str) -> str:
    """The formats in a scheme's name."""
    return scheme.partition(" ")[0]


def read_operator_rows(family: Family, parts: Iterable[Measurements], seed: int) -> OperatorRows:
    """The operators of one family, each assigned to its part of the split."""
    sets: list[Key] = []
    found: list[tuple[Column, ...]] = []
    names = family.columns
    for part in parts:
        for rows, key, columns in measured_sets(family, part):
            try:
                facts(chip(key[0]), family.scheme(formats_of(key[2])).operand)
            except UnsupportedError:
                continue
            prints = fingerprints(set_text(*key), sizes(family, columns), seed)
            first, seconds = _medians(prints, part.measured[rows])
            if key in sets:
                raise ValueError(f"{key}: in two tables")
            own = {name: columns[name][first] for name in names}
            code = np.full(len(first), len(sets))
            sets.append(key)
            found.append((code, part_of_prints(prints[first]), family.code(own), seconds, *own.values()))
    code, split, kind, seconds, *columns_ = (np.concatenate(column) for column in zip(*found, strict=True))
    return OperatorRows(
        family=family, sets=tuple(sets), code=code, part=split, kind=kind, seconds=seconds,
        columns=dict(zip(names, columns_, strict=True)),
    )  # fmt: skip


def _medians(prints: Column, seconds: Column) -> tuple[Column, Column]:
    """The first place of each fingerprint, and the median of its times."""
    order = np.lexsort((seconds, prints))
    starts = np.flatnonzero(np.r_[True, np.diff(prints[order].astype(np.int64)) != 0])
    counts = np.diff(np.r_[starts, len(order)])
    sorted_s = seconds[order]
    middle = 0.5 * (sorted_s[starts + (counts - 1) // 2] + sorted_s[starts + counts // 2])
    return order[starts], middle
