"""The full tables of attention, experts and scans in AIConfigurator's database, read as its sample is.

needs: pip install 'interlock[calibrate]' aiconfigurator-core; the data are Apache-2.0 and stay where they are.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from interlock.errors import InputError, MissingExtraError
from interlock.evidence.measurement import Measurements
from interlock.evidence.sets.aiconfigurator import attention, experts, latent_attention, scan
from interlock.evidence.sets.aiconfigurator.tables import CHIPS, SHORTEST, build, latency
from interlock.evidence.table import Table

_LATENCY: Final = "latency"


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
    named = {"system": system, "framework": path.parts[-3], "version": path.parts[-2]}
    text = {name: [value] * count for name, value in named.items()}
    for name in columns.column_names:
        if name not in text:
            values = columns.column(name).to_pylist()
            text["latency_ms" if name == _LATENCY else name] = ["" if v is None else str(v) for v in values]
    text.setdefault("window_size", [""] * count)  # tables from before windows were measured
    table = Table(str(path), text, np.arange(2, count + 2))
    slow = table.numbers("latency_ms", minimum=-np.inf) >= SHORTEST
    return table if slow.all() else table.where_rows(slow)


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
