"""The tables of AIConfigurator's database whose rows say which power the board drew while the kernel looped.

needs: pip install 'interlock[calibrate]' aiconfigurator-core; the data are Apache-2.0 and stay where they are.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from interlock.cost.fitting.tables import VERSION
from interlock.errors import InputError, MissingExtraError
from interlock.evidence.measurement import Column, Measurements
from interlock.evidence.sets.aiconfigurator import attention, experts
from interlock.evidence.sets.aiconfigurator.tables import CHIPS, LICENCE
from interlock.evidence.source import Evidence, Source
from interlock.evidence.table import Table

_FILES: Final = {"context_attention": "attention", "moe": "experts"}
_LEAST_W: Final = 50.0  # below it nothing was read


def power_tables(folder: Path) -> Iterator[Measurements]:
    """Rows of prefill attention and of experts with their power; `folder` holds a folder a system.

    Raises:
        InputError: no such tables there.
        MissingExtraError: nothing to read Parquet with.
    """
    try:
        parquet = importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise MissingExtraError("reading Parquet tables", "calibrate") from None
    found = False
    for name, family in _FILES.items():
        for path in sorted(folder.rglob(f"{name}_perf.parquet")):
            system = path.relative_to(folder).parts[0]
            file = parquet.ParquetFile(path)
            if system in CHIPS and "power" in file.schema_arrow.names:
                found = True
                table = file.read().to_pydict()
                yield _table(family, CHIPS[system], f"{path.parts[-3].lower()} {path.parts[-2]}", str(path), table)
    if not found:
        raise InputError(str(folder), "no table with power", "the folder systems/data of the database")


def _table(family: str, chip: str, stack: str, where: str, cells: dict[str, list[Any]]) -> Measurements:
    watts = np.array([float(value or 0.0) for value in cells["power"]])
    seconds = np.array([float(value or 0.0) for value in cells["latency"]]) * 1e-3
    sound = np.flatnonzero((watts > _LEAST_W) & (seconds > 0))
    text = {name: [str(values[row]) for row in sound] for name, values in cells.items()}
    table = Table(where, text, sound + 1)
    own = attention.columns(table, "prefill") if family == "attention" else experts.columns(table)
    columns: dict[str, Column] = {
        "chip": np.full(len(sound), chip),
        "stack": np.full(len(sound), stack),
        "implementation": table.text("kernel_source"),
        **own,
        "family": np.full(len(sound), family),
        "power_w": watts[sound],
        "seconds": seconds[sound],
    }
    return Measurements(
        family="power",
        set_name="aiconfigurator",
        licence=LICENCE,
        source=Source(kind=Evidence.MEASURED, ref=f"aiconfigurator-core {VERSION}, systems/data"),
        columns=columns,
    )
