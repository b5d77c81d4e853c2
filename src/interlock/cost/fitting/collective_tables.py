"""The full tables of collectives in AIConfigurator's database: NCCL, oneCCL and the engines' own all-reduces.

keeps: sizes are bytes of the whole tensor, as in `parallel/collectives.py`; the tables count elements of one buffer.
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
from interlock.evidence.measurement import Measurements, spread
from interlock.evidence.sets.aiconfigurator.tables import CHIPS, LICENCE
from interlock.evidence.source import Evidence, Source

_FILES: Final = {"nccl": "nccl_dtype", "oneccl": "nccl_dtype", "custom_allreduce": "allreduce_dtype"}
_OPERATIONS: Final = {
    "all_reduce": "all-reduce",
    "all_gather": "all-gather",
    "reduce_scatter": "reduce-scatter",
    "alltoall": "all-to-all",
}
_BYTES: Final = {"half": 2.0, "bfloat16": 2.0, "int8": 1.0}


def collective_tables(folder: Path) -> Iterator[Measurements]:
    """One table a library or engine, version and chip; `folder` holds a folder a system.

    Raises:
        InputError: no tables there.
        MissingExtraError: nothing to read Parquet with.
    """
    try:
        parquet = importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise MissingExtraError("reading Parquet tables", "calibrate") from None
    found = [(path, dtype) for name, dtype in _FILES.items() for path in sorted(folder.rglob(f"{name}_perf.parquet"))]
    if not found:
        raise InputError(str(folder), "no nccl_perf.parquet", "the folder systems/data of the database")
    for path, dtype in found:
        system = path.relative_to(folder).parts[0]
        if system in CHIPS:
            names = ["kernel_source", dtype, "num_gpus", "message_size", "latency"]
            table = parquet.read_table(path, partitioning=None).to_pydict()
            columns = {name: np.asarray(table[name]) for name in names}
            operations = np.asarray(table["op_name"]) if dtype == "nccl_dtype" else np.full(len(columns[dtype]), "")
            yield _table(CHIPS[system], f"{path.parts[-3].lower()} {path.parts[-2]}", columns, operations, dtype)


def _table(chip: str, stack: str, columns: dict[str, Any], operations: Any, dtype: str) -> Measurements:
    operation = np.array([_OPERATIONS.get(str(name), "all-reduce") for name in operations])
    element = np.array([_BYTES[str(name)] for name in columns[dtype]])
    chips = columns["num_gpus"].astype(float)
    sound = (columns["latency"].astype(float) > 0) & (chips > 1)
    whole = columns["message_size"].astype(float) * element * np.where(operation == "all-to-all", chips, 1.0)
    return Measurements(
        family="collective",
        set_name="aiconfigurator",
        licence=LICENCE,
        source=Source(kind=Evidence.MEASURED, ref=f"aiconfigurator-core {VERSION}, systems/data"),
        columns=spread(
            chip=chip,
            stack=stack,
            implementation=columns["kernel_source"].astype(str),
            operation=operation,
            chips=chips,
            chips_in_node=chips,
            message_bytes=whole,
            element_bytes=element,
            seconds=columns["latency"].astype(float) * 1e-3,
        ),
    ).where(sound)
