"""APEX+'s measurements: NCCL on H100, H200 and V100, and FP16 products on V100.

departs: sizes are whole KiB, so those that read 0 are left out. Rows between nodes are left out, since the network is
         not described; among them are some whose columns of size and chips are exchanged.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from interlock.evidence.measurement import Measurements
from interlock.evidence.source import Evidence, Source
from interlock.evidence.store import About
from interlock.evidence.table import read_table

ABOUT = About(
    title="APEX+: collectives on H100, H200 and V100, products on V100",
    origin="github.com/microsoft/apex_plus, commit 87690965, profile/",
    licence="MIT",
)
_SOURCE: Final = Source(kind=Evidence.MEASURED, ref=ABOUT.origin)
_CHIPS: Final = {"H100-SXM-80GB": "h100-sxm", "H200-SXM-141GB": "h200-sxm", "V100-PCIE-16GB": "v100-pcie-16g"}
_OPERATIONS: Final = {
    "all_reduce": "all-reduce", "all_gather": "all-gather", "reduce_scatter": "reduce-scatter",
    "alltoall": "all-to-all", "sendrecv": "point-to-point",
}  # fmt: skip
_BYTES: Final = {"half": "2", "float": "4"}


def read(folder: Path) -> list[Measurements]:
    """Collectives inside a node, and products.

    Raises:
        InputError: a file that is not what it must be.
    """
    return [_collectives(folder), _products(folder)]


def _collectives(folder: Path) -> Measurements:
    """`size` is one chip's buffer: of an all-to-all, the chips together hold as many times that."""
    table = read_table(folder / "collectives.csv", ["system", "collective", "num_nodes", "size(kb)", "time(us)"])
    table.refuse_repeats()
    seconds = table.numbers("time(us)", minimum=1.0, maximum=1e9, scale=1e-6)
    kept = (table.counts("num_nodes") == 1) & (table.counts("size(kb)", minimum=0) > 0)
    table = table.where_rows(kept)
    operation, chips = table.words("collective", _OPERATIONS), table.counts("num_gpus_per_node", minimum=2)
    return Measurements(
        family="collective",
        set_name="apex_plus",
        licence=ABOUT.licence,
        source=_SOURCE,
        columns={
            "chip": table.words("system", _CHIPS),
            "stack": np.full(len(table), "nccl-tests"),
            "operation": operation,
            "chips": chips,
            "chips_in_node": chips,
            "message_bytes": table.counts("size(kb)") * 1024.0 * np.where(operation == "all-to-all", chips, 1.0),
            "element_bytes": table.words("dtype", _BYTES).astype(float),
            "seconds": seconds[kept],
        },
    )


def _products(folder: Path) -> Measurements:
    table = read_table(folder / "gemm_v100_fp16.csv.gz", ["gpu", "dtype", "m", "k", "n", "time(us)"]).refuse_repeats()
    formats = table.words("dtype", {"half": "fp16"})
    return Measurements(
        family="gemm",
        set_name="apex_plus",
        licence=ABOUT.licence,
        source=_SOURCE,
        columns={
            "chip": table.words("gpu", _CHIPS),
            "stack": np.full(len(table), "cublas"),
            "weight_format": formats,
            "activation_format": formats,
            "kernel": np.full(len(table), "fp16"),
            "m": table.counts("m"),
            "n": table.counts("n"),
            "k": table.counts("k"),
            "batch": np.ones(len(table)),
            "seconds": table.numbers("time(us)", minimum=1.0, maximum=1e9, scale=1e-6),
        },
    )
