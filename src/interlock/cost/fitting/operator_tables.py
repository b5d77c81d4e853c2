"""The full tables of attention, experts and scans in AIConfigurator's database, read as its sample is.

needs: pip install 'interlock[calibrate]' aiconfigurator-core; the data are Apache-2.0 and stay where they are.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from interlock.errors import InputError, MissingExtraError
from interlock.evidence.encoded import Encoded, EncodedTable
from interlock.evidence.measurement import Measurements
from interlock.evidence.sets.aiconfigurator import attention, experts, latent_attention, scan
from interlock.evidence.sets.aiconfigurator.tables import CHIPS, SHORTEST, build, latency
from interlock.evidence.table import Table

_LATENCY: Final = "latency"
_FRACTIONS: Final = ("float", "double")


def operator_tables(folder: Path, family: str) -> Iterator[Measurements]:
    """One table a chip, engine and version, of all chips that the catalogue knows; `folder` holds a folder a system.

    Raises:
        InputError: no tables there.
        MissingExtraError: nothing to read Parquet with.
    """
    try:
        parquet = importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise MissingExtraError("reading Parquet tables", "calibrate") from None
    found = 0
    for name, rows in _TABLES[family]:
        for path in sorted(folder.rglob(f"{name}_perf.parquet")):
            system = path.relative_to(folder).parts[0]
            if system in CHIPS:
                found += 1
                yield rows(_table(path, system, parquet.read_table(path, partitioning=None)))
    if not found:
        wanted = f"{_TABLES[family][0][0]}_perf.parquet"
        raise InputError(str(folder), f"no {wanted}", "the folder systems/data of the database")


def _table(path: Path, system: str, columns: Any) -> Table:
    """Text, as the readers of the sample take it; engine and version are those of the path."""
    count = columns.num_rows
    named = {"system": system, "framework": path.parts[-3], "version": path.parts[-2], "window_size": ""}
    given = {"latency_ms" if name == _LATENCY else name: columns.column(name) for name in columns.column_names}
    every = np.zeros(count, dtype=np.intp)  # tables from before windows were measured have no such column
    text: dict[str, Sequence[str]] = {name: Encoded([value], every) for name, value in named.items() if count}
    text |= {name: _cells(column) for name, column in given.items() if name not in ("system", "framework", "version")}
    table = EncodedTable(str(path), text, np.arange(2, count + 2))
    slow = table.numbers("latency_ms", minimum=-np.inf) >= SHORTEST
    return table if slow.all() else table.where_rows(slow)


def _cells(column: Any) -> Any:
    """A column of Parquet: numbers of a fraction as they are, all else as different cells; a missing one is empty."""
    if str(column.type) in _FRACTIONS and not column.null_count:
        return column.to_numpy()
    found = column.combine_chunks().dictionary_encode(null_encoding="encode")
    cells = ["" if value is None else str(value) for value in found.dictionary.to_pylist()]
    return Encoded(cells, found.indices.to_numpy(zero_copy_only=False).astype(np.intp))


def _attention(table: Table, phase: str) -> Measurements:
    return build("attention", table, {**attention.columns(table, phase), "seconds": latency(table)})


def _experts(table: Table) -> Measurements:
    return build("experts", table, {**experts.columns(table), "seconds": latency(table)})


_TABLES: Final[dict[str, list[tuple[str, Callable[[Table], Measurements]]]]] = {
    "attention-prefill": [("context_attention", partial(_attention, phase="prefill"))],
    "attention-decode": [("generation_attention", partial(_attention, phase="decode"))],
    "latent-attention-prefill": [("context_mla", partial(latent_attention.rows, phase="prefill", scope="kernel"))],
    "latent-attention-decode": [("generation_mla", partial(latent_attention.rows, phase="decode", scope="kernel"))],
    "experts": [("moe", _experts)],
    "scan": [(name, partial(scan.rows, name=name)) for name in scan.NAMES],
}  # by the name of a family's file
