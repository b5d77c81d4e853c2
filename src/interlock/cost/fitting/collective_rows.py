"""Measured collectives as numbers: one row for each set, group and size, repeats as their median, copies left out.

idea:    tables of several engines hold some runs twice, and under another engine's name once more. The split is by a
         hash of chip, library, operation, group and size, so that every copy of a row falls into the same part: the
         element's width is not in it, nor a stack whose rows are those of another.
keeps:   all-reduces that were timed with the launch of a Python process ("eager") are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from interlock.cost.calibrated.collective_sets import SetKey, element_kernel, is_measured, split_text
from interlock.cost.calibrated.split import part_of
from interlock.errors import InputError
from interlock.evidence.measurement import Measurements
from interlock.hardware import chip


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectiveRows:
    """Rows; `sets` names what `code` counts, `copies` the sets that repeat another one."""

    sets: tuple[SetKey, ...]
    copies: Mapping[SetKey, SetKey]
    code: Any
    part: Any
    bytes: Any
    group: Any
    seconds: Any

    def __len__(self) -> int:
        return len(self.code)

    def where(self, mask: Any) -> CollectiveRows:
        """The rows that a mask keeps."""
        kept = {item.name: getattr(self, item.name)[mask] for item in fields(self)[2:]}
        return CollectiveRows(sets=self.sets, copies=self.copies, **kept)

    def of(self, place: int) -> Any:
        """One part of the key of each row's set."""
        return np.array([key[place] for key in self.sets])[self.code]


def read_collectives(parts: Iterable[Measurements], seed: int) -> CollectiveRows:
    """Medians of all measured collectives, each assigned to its part of the split.

    Raises:
        InputError: nothing that can be fitted.
    """
    cells = _medians(parts)
    if not cells:
        raise InputError("measurements", "no collectives", "rows of the family collective on known chips")
    copies = _copies(cells)
    kept = sorted(key for key in cells if key not in copies)
    columns: list[tuple[Any, ...]] = []
    for code, key in enumerate(kept):
        group, size, seconds = (np.array(column) for column in zip(*sorted(cells[key]), strict=True))
        columns.append((np.full(len(group), code), part_of(split_text(key), (group, size), seed), size, group, seconds))
    codes, split, sizes, groups, times = (np.concatenate(column) for column in zip(*columns, strict=True))
    return CollectiveRows(
        sets=tuple(kept), copies=copies, code=codes, part=split, bytes=sizes, group=groups, seconds=times
    )


Cells = dict[SetKey, list[tuple[float, float, float]]]  # group, bytes, seconds


def _medians(parts: Iterable[Measurements]) -> Cells:
    found: dict[SetKey, dict[tuple[float, float], list[float]]] = {}
    for part in _known(parts):
        names = ("chip", "stack", "operation", "implementation")
        runs = zip(*(map(str, part[name]) for name in names), strict=True)
        numbers = zip(
            *(map(float, part[n]) for n in ("element_bytes", "chips", "message_bytes", "seconds")), strict=True
        )
        for (name, stack, operation, kernel), (element, group, size, seconds) in zip(runs, numbers, strict=True):
            if is_measured(kernel):
                key = (name, stack, operation, element_kernel(kernel, element))
                found.setdefault(key, {}).setdefault((group, size), []).append(seconds)
    return {
        key: [(*cell, float(np.median(runs))) for cell, runs in sorted(cells.items())] for key, cells in found.items()
    }


def _copies(cells: Cells) -> dict[SetKey, SetKey]:
    """Sets most of whose rows are to the last digit those of a set that stands after them."""
    rows = {key: set(found) for key, found in cells.items()}
    return {
        key: next(other for other in sorted(cells, reverse=True) if _repeats(key, other, rows))
        for key in sorted(cells)
        if any(key < other and _repeats(key, other, rows) for other in cells)
    }


def _repeats(key: SetKey, other: SetKey, rows: Mapping[SetKey, set[tuple[float, float, float]]]) -> bool:
    alike = (key[0], key[2]) == (other[0], other[2])
    return alike and len(rows[key] & rows[other]) > 0.5 * len(rows[key])


def _known(parts: Iterable[Measurements]) -> Iterator[Measurements]:
    """The rows of chips that the catalogue has."""
    for part in parts:
        for name in np.unique(part["chip"]):
            try:
                chip(str(name))
            except InputError:
                continue
            yield part.where(part["chip"] == name)
