"""Tables of few different cells: each different cell is read and checked once, which is what millions of rows need.

keeps:   the methods of `Table` and what they refuse; a message names the first row that holds the cell.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from interlock.evidence.table import Table


@dataclass(frozen=True, slots=True)
class Encoded(Sequence[str]):
    """Cells of a column as text: the different ones, and which of them each row holds."""

    cells: Sequence[str]
    codes: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.codes)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: int | slice) -> str | list[str]:
        if isinstance(place, slice):
            return [self.cells[code] for code in self.codes[place].tolist()]
        return self.cells[int(self.codes[place])]

    def where(self, keep: NDArray[np.bool_]) -> Encoded:
        """The rows that a mask keeps, and no cell that none of them holds."""
        held, codes = np.unique(self.codes[keep], return_inverse=True)
        return Encoded([self.cells[code] for code in held.tolist()], codes)


class EncodedTable(Table):
    """A table some of whose columns are `Encoded`; the others may be arrays of numbers."""

    __slots__ = ()

    def text(self, name: str) -> NDArray[np.str_]:
        """As of `Table`."""
        found: NDArray[np.str_] = self._each(name, lambda one: one.text(name))
        return found

    def words(self, name: str, meaning: Mapping[str, str]) -> NDArray[np.str_]:
        """As of `Table`."""
        found: NDArray[np.str_] = self._each(name, lambda one: one.words(name, meaning))
        return found

    def numbers(self, name: str, **bounds: Any) -> NDArray[np.float64]:
        """As of `Table`."""
        found: NDArray[np.float64] = self._each(name, lambda one: one.numbers(name, **bounds))
        return found

    def counts(self, name: str, **bounds: Any) -> NDArray[np.float64]:
        """As of `Table`."""
        found: NDArray[np.float64] = self._each(name, lambda one: one.counts(name, **bounds))
        return found

    def where_rows(self, keep: NDArray[np.bool_]) -> EncodedTable:
        """The rows that a mask keeps."""
        columns: dict[str, Any] = {}
        for name, cells in self.columns.items():
            columns[name] = cells.where(keep) if isinstance(cells, Encoded) else np.asarray(cells)[keep]
        return EncodedTable(self.where, columns, self.rows[keep])

    def _each(self, name: str, read: Callable[[Table], Any]) -> Any:
        cells = self._cells(name)
        if not isinstance(cells, Encoded):
            return read(Table(self.where, self.columns, self.rows))
        first = np.zeros(len(cells.cells), dtype=np.intp)
        first[cells.codes[::-1]] = np.arange(len(cells))[::-1]  # the last one written is the first row
        return read(Table(self.where, {name: cells.cells}, self.rows[first]))[cells.codes]
