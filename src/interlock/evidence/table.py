"""Reading other projects' tables with suspicion: what is missing, mislabelled or impossible is refused with its row."""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO, cast

import numpy as np
from numpy.typing import NDArray

from interlock.errors import InputError, shown


@dataclass(frozen=True, slots=True)
class Table:
    """A CSV file as text columns, and how to read numbers from them; `rows` counts as in the file, its header is 1."""

    where: str
    columns: Mapping[str, Sequence[str]]
    rows: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.rows)

    def text(self, name: str) -> NDArray[np.str_]:
        """A text column.

        Raises:
            InputError: no such column.
        """
        return np.array(self._cells(name), dtype=str)

    def words(self, name: str, meaning: Mapping[str, str]) -> NDArray[np.str_]:
        """A text column in the product's own words.

        Raises:
            InputError: a word that has no meaning here; names the row, counted as in the file.
        """
        cells = self._cells(name)
        if unknown := set(cells) - set(meaning):
            row = next(row for row, cell in enumerate(cells) if cell in unknown)
            raise InputError(self.where, shown(cells[row]), ", ".join(meaning), f"{name}, row {self.rows[row]}")
        return np.array([meaning[cell] for cell in cells], dtype=str)

    def numbers(
        self,
        name: str,
        *,
        minimum: float = 0.0,
        maximum: float = 1e18,
        scale: float = 1.0,
        default: float | None = None,
    ) -> NDArray[np.float64]:
        """A column of numbers, multiplied by `scale`; an empty cell takes the default.

        Raises:
            InputError: a cell that is not a finite number within the bounds; names the row, counted as in the file.
        """
        cells = self._cells(name)
        if default is not None:
            cells = [cell or str(default) for cell in cells]
        try:
            values = np.array(cells, dtype=float)
        except ValueError:
            values = np.array([_number(cell) for cell in cells])
        good = (values >= minimum) & (values <= maximum)
        if not good.all():
            row = int(np.argmin(good))
            bounds = f"a number from {minimum:g} to {maximum:g}"
            raise InputError(self.where, shown(cells[row]), bounds, f"{name}, row {self.rows[row]}")
        return values * scale

    def counts(self, name: str, *, minimum: float = 1.0, default: float | None = None) -> NDArray[np.float64]:
        """A column of whole numbers.

        Raises:
            InputError: a cell that is not a whole number of at least `minimum`; names the row, counted as in the file.
        """
        values = self.numbers(name, minimum=minimum, maximum=2.0**53, default=default)
        if (broken := values % 1.0 != 0.0).any():
            row = int(np.argmax(broken))
            raise InputError(
                self.where, shown(self._cells(name)[row]), "a whole number", f"{name}, row {self.rows[row]}"
            )
        return values

    def pattern(self, name: str, pattern: str) -> list[NDArray[np.str_]]:
        """What the groups of a regular expression find in a column of text, a column each.

        Raises:
            InputError: a cell of another form; names the row, counted as in the file.
        """
        found = [re.fullmatch(pattern, cell) for cell in self._cells(name)]
        if None in found:
            row = found.index(None)
            bad = shown(self._cells(name)[row])
            raise InputError(self.where, bad, f"text like {pattern}", f"{name}, row {self.rows[row]}")
        groups = [match.groups() for match in found if match is not None]
        return [np.array(column, dtype=str) for column in zip(*groups, strict=True)]

    def where_rows(self, keep: NDArray[np.bool_]) -> Table:
        """The rows that a mask keeps."""
        kept = np.flatnonzero(keep).tolist()
        columns = {name: [cells[row] for row in kept] for name, cells in self.columns.items()}
        return Table(self.where, columns, self.rows[keep])

    def distinct(self) -> Table:
        """The table without rows that repeat an earlier one in every cell, for files that are known to repeat some."""
        seen: set[tuple[str, ...]] = set()
        keep = np.ones(len(self), dtype=bool)
        for row, key in enumerate(zip(*self.columns.values(), strict=True)):
            keep[row] = key not in seen
            seen.add(key)
        return self.where_rows(keep)

    def refuse_repeats(self) -> Table:
        """This table, if no row repeats another in every cell.

        Raises:
            InputError: names the first repeated row, counted as in the file.
        """
        refuse_duplicates(self.where, self.columns, self.rows)
        return self

    def _cells(self, name: str) -> Sequence[str]:
        if name not in self.columns:
            raise InputError(self.where, f"columns {', '.join(self.columns)}", f"a column {name!r}", name)
        return self.columns[name]


def read_table(path: Path, columns: list[str], keep: Callable[[dict[str, str]], bool] | None = None) -> Table:
    """Read a CSV file, gzipped or not.

    Args:
        path: the file.
        columns: names that must be in its header.
        keep: which rows to keep; all if None.

    Raises:
        InputError: unreadable, a column that is missing, or a row of another length.
    """
    where = str(path)
    try:
        with _open(path) as file:
            rows = csv.reader(file)
            header = next(rows, [])
            for name in columns:
                if name not in header:
                    raise InputError(where, f"columns {', '.join(header)}", f"a column {name!r}", name)
            found = list(rows)
    except (OSError, EOFError, UnicodeDecodeError, zlib.error, csv.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(where, reason, "a CSV file, gzipped if its name ends in .gz") from None
    for number, cells in enumerate(found, 2):
        if len(cells) != len(header):
            raise InputError(where, f"{len(cells)} cells", f"{len(header)} cells, as in the header", f"row {number}")
    transposed = list(zip(*found, strict=True)) or [()] * len(header)
    table = Table(where, dict(zip(header, transposed, strict=True)), np.arange(2, len(found) + 2))
    if keep is None:
        return table
    return table.where_rows(np.array([keep(dict(zip(header, cells, strict=True))) for cells in found], dtype=bool))


def refuse_duplicates(where: str, keys: Mapping[str, Any], rows: NDArray[np.intp] | None = None) -> None:
    """Refuse a table in which all of these columns repeat, since a repeated row is counted twice in every score.

    Args:
        where: the file.
        keys: columns of equal length.
        rows: what the file calls the rows; counted from 2 if None.

    Raises:
        InputError: names the first repeated row, counted as in the file.
    """
    lists = [column.tolist() if isinstance(column, np.ndarray) else column for column in keys.values()]
    together = list(zip(*lists, strict=True))
    if len(set(together)) == len(together):
        return
    numbers = np.arange(2, len(together) + 2) if rows is None else rows
    seen: dict[tuple[Any, ...], int] = {}
    for row, key in zip(numbers.tolist(), together, strict=True):
        if key in seen:
            raise InputError(where, f"the same measurement as row {seen[key]}", "each measurement once", f"row {row}")
        seen[key] = row


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return float("nan")


def _open(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return cast(TextIO, gzip.open(path, "rt", encoding="utf-8", newline=""))
    return path.open(encoding="utf-8", newline="")
