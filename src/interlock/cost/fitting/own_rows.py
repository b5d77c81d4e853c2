"""A user's measured kernels: a CSV file with a row a product, its unit said in the name of the column.

columns: weight_format, activation_format, m, n, k, and one of seconds, latency_s, latency_ms, latency_us, latency_ns
         (or latency beside unit). Optional: chip, stack, kernel.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from interlock.catalogue import canonical
from interlock.errors import InputError, UnsupportedError, shown
from interlock.evidence.measurement import Measurements, spread
from interlock.evidence.source import Evidence, Source
from interlock.evidence.table import Table, read_table, refuse_duplicates
from interlock.hardware import Chip, chip
from interlock.numerics import number_format

OWN_STACK: Final = "own"  # of rows that name none
_SIZES: Final = ("m", "n", "k")
_FORMATS: Final = ("weight_format", "activation_format")
_SCALES: Final = {"seconds": 1.0, "latency_s": 1.0, "latency_ms": 1e-3, "latency_us": 1e-6, "latency_ns": 1e-9}
_UNITS: Final = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_SHORTEST_S: Final = 1e-8
_LONGEST_S: Final = 1e4


def own_rows(path: Path, measured: Chip) -> Measurements:
    """The rows of a file, all of one chip.

    Raises:
        InputError: a missing column, an unknown unit or format, a time that is none, a row twice, or rows of another
            chip; names the row, counted as in the file.
    """
    table = read_table(path, [*_FORMATS, *_SIZES])
    if not len(table):
        raise InputError(str(path), "no rows", "a row for each measured product")
    _refuse_other_chips(table, measured)
    stacks = np.char.lower(table.text("stack")) if "stack" in table.columns else np.full(len(table), OWN_STACK)
    columns = {
        "stack": np.where(stacks == "", OWN_STACK, stacks),
        **{name: _formats(table, name) for name in _FORMATS},
        **{name: table.counts(name) for name in _SIZES},
    }
    if "kernel" in table.columns:
        columns["kernel"] = table.text("kernel")
    seconds = _seconds(table)
    refuse_duplicates(table.where, columns, table.rows)
    if broken := [row for row, stack in enumerate(columns["stack"]) if "|" in stack]:
        raise InputError(
            table.where, shown(str(columns["stack"][broken[0]])), 'no "|"', f"stack, row {table.rows[broken[0]]}"
        )
    return Measurements(
        family="gemm",
        set_name=path.name,
        licence="the user's own",
        source=Source(kind=Evidence.MEASURED_HERE, ref=str(path)),
        columns=spread(chip=measured.id, **columns, batch=np.ones(len(table)), seconds=seconds),
    )


def _refuse_other_chips(table: Table, measured: Chip) -> None:
    if "chip" not in table.columns:
        return
    for row, name in zip(table.rows.tolist(), table.text("chip").tolist(), strict=True):
        if name and canonical(name) != measured.id and canonical(name) not in measured.aliases:
            where = f"chip, row {row}"
            chip(name, f"{table.where}: {where}")  # an unknown name has its own message
            raise InputError(table.where, shown(name), f"rows of one chip, {measured.id}", where)


def _formats(table: Table, name: str) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
    known: dict[str, str] = {}
    for row, cell in zip(table.rows.tolist(), table.text(name).tolist(), strict=True):
        if cell not in known:
            try:
                known[cell] = number_format(cell).name
            except (InputError, UnsupportedError):
                raise InputError(table.where, shown(cell), "a number format (`interlock formats` lists them)",
                                 f"{name}, row {row}") from None  # fmt: skip
    return table.words(name, known)


def _seconds(table: Table) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    named = [name for name in table.columns if name in _SCALES]
    split = "latency" in table.columns and "unit" in table.columns
    if len(named) + split != 1:
        near = [name for name in table.columns if name.startswith(("latency", "time", "duration"))]
        found = " and ".join(named) or " and ".join(near) or f"columns {', '.join(table.columns)}"
        accepted = f"one column of {', '.join(_SCALES)}, or latency beside unit"
        raise InputError(table.where, found, accepted, "the time")
    if named:
        scale = np.full(len(table), _SCALES[named[0]])
    else:
        words = table.words("unit", {unit: unit for unit in _UNITS})
        scale = np.array([_UNITS[str(word)] for word in words])
    name = named[0] if named else "latency"
    seconds = table.numbers(name, minimum=-np.inf, maximum=np.inf) * scale
    good = (seconds >= _SHORTEST_S) & (seconds <= _LONGEST_S)
    if not good.all():
        row = int(np.argmin(good))
        accepted = f"a time from {_SHORTEST_S * 1e9:g} ns to {_LONGEST_S:g} s"
        raise InputError(table.where, shown(table.columns[name][row]), accepted, f"{name}, row {table.rows[row]}")
    return np.asarray(seconds)
