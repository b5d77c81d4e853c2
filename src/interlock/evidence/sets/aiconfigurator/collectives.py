"""Collectives inside one node: NCCL, oneCCL and the engines' own all-reduces.

keeps: the tables count elements; here are bytes of the whole tensor, as in `parallel/collectives.py`. A table's size is
       one chip's buffer: the whole tensor of an all-reduce, all-gather or reduce-scatter, one chip's part of an
       all-to-all.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interlock.evidence.measurement import Measurements
from interlock.evidence.sets.aiconfigurator.tables import build, latency
from interlock.evidence.sets.aiconfigurator.tables import read as table_of
from interlock.evidence.table import Table

_OPERATIONS: Final = {
    "all_reduce": "all-reduce",
    "all_gather": "all-gather",
    "reduce_scatter": "reduce-scatter",
    "alltoall": "all-to-all",
}
_BYTES: Final = {"half": "2", "bfloat16": "2", "int8": "1"}


def read(folder: Path) -> list[Measurements]:
    """The library calls; the NCCL table holds 171 rows twice, of which one is kept; and the engines' all-reduces."""
    library = [table_of(folder, "nccl", repeats=True), table_of(folder, "oneccl")]
    own = table_of(folder, "custom_allreduce")
    found = [_build(table, table.words("op_name", _OPERATIONS), "nccl_dtype") for table in library]
    return [*found, _build(own, np.full(len(own), "all-reduce"), "allreduce_dtype")]


def _build(table: Table, operation: NDArray[np.str_], dtype: str) -> Measurements:
    chips, element = table.counts("num_gpus", minimum=2), table.words(dtype, _BYTES).astype(float)
    return build(
        "collective",
        table,
        {
            "operation": operation,
            "chips": chips,
            "chips_in_node": chips,
            "message_bytes": table.counts("message_size") * element * np.where(operation == "all-to-all", chips, 1.0),
            "element_bytes": element,
            "seconds": latency(table),
        },
    )
