"""Azure's benchmarking guide: what products, memory and all-reduces achieve on A100, H100 and H200 servers.

departs: rates are turned into seconds of a stated amount. Attention rates (heads not stated), host links, disks and
         tokens per second are left out.
symbols: memory streams are BabelStream's, arrays of 2 ** 25 doubles.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from interlock.evidence.measurement import Column, Measurements
from interlock.evidence.source import Evidence, Source
from interlock.evidence.store import About
from interlock.evidence.table import Table, read_table

ABOUT = About(
    title="Azure AI benchmarking guide: A100, H100 and H200 servers",
    origin="github.com/Azure/AI-benchmarking-guide, commit 8fd0c6e1, Azure_Results",
    licence="MIT",
)
_CHIPS: Final = {
    "A100-SXM4 (ND_A100_v4)": "a100-80g",
    "H100-SXM-80GB (ND_H100_v5)": "h100-sxm",
    "H200-SXM-141GB (ND_H200_v5)": "h200-sxm",
}
_STREAMS: Final = {"Copy": 2.0, "Mul": 2.0, "Add": 3.0, "Triad": 3.0, "Dot": 2.0}  # arrays that pass
_ELEMENTS: Final = 2.0**25
_SUFFIXES: Final = {"K": 1e3, "M": 1e6, "G": 1e9}


def read(folder: Path) -> list[Measurements]:
    """Products, streams through memory, and all-reduces over the eight chips of a server.

    Raises:
        InputError: a file that is not what it must be.
    """
    columns = ["device", "section", "note", "keys", "metric", "value"]
    table = read_table(folder / "azure_results.csv", columns).refuse_repeats()
    section = table.text("section")
    parts = {"GEMM CuBLASLt": _products, "HBM Bandwidth": _streams, "NCCL Bandwidth": _reduces}
    return [build(table.where_rows(section == name)) for name, build in parts.items()]


def _products(table: Table) -> Measurements:
    """`m=..; n=..; k=..` at so many TFLOP/s, in the format that the note names."""
    found = table.pattern("keys", r"m=(\d+); n=(\d+); k=(\d+)")
    sizes = dict(zip("mnk", (column.astype(float) for column in found), strict=True))
    flop = 2.0 * sizes["m"] * sizes["n"] * sizes["k"]
    formats = np.where(np.char.find(table.text("note"), "FP8") >= 0, "fp8-e4m3", "fp16")
    columns: dict[str, Column] = {
        "weight_format": formats,
        "activation_format": formats,
        "kernel": formats,
        **sizes,
        "batch": np.ones(len(table)),
        "seconds": flop / table.numbers("value", minimum=1e-3, maximum=1e5, scale=1e12),
    }
    return _build("gemm", table, columns)


def _streams(table: Table) -> Measurements:
    names = table.pattern("keys", f"item=({'|'.join(_STREAMS)})")[0]
    moved = np.array([_STREAMS[str(name)] for name in names]) * _ELEMENTS * 8.0
    columns: dict[str, Column] = {
        "kind": np.char.add("stream-", np.char.lower(names)),
        "rows": np.ones(len(table)),
        "width": np.full(len(table), _ELEMENTS),
        "activation_format": np.full(len(table), "fp64"),
        "seconds": moved / table.numbers("value", minimum=1e-3, maximum=1e3, scale=1e12),
    }
    return _build("elementwise", table, columns)


def _reduces(table: Table) -> Measurements:
    """Bus bandwidth, 2 (n - 1) / n of the message over the time, with NVLink SHARP where the switch has it.

    Sizes are powers of two that are printed with decimal prefixes and some freedom (65K, 132K).
    """
    size, suffix = table.pattern("keys", r"Message Size \(Bytes\)=(\d+)([KMG])")
    scale = np.array([_SUFFIXES[str(letter)] for letter in suffix])
    message = 2.0 ** np.round(np.log2(size.astype(float) * scale))
    chips = np.full(len(table), 8.0)
    rate = table.numbers("value", minimum=1e-3, maximum=1e5, scale=1e9)
    columns: dict[str, Column] = {
        "operation": np.full(len(table), "all-reduce"),
        "chips": chips,
        "chips_in_node": chips,
        "message_bytes": message,
        "element_bytes": np.full(len(table), 4.0),
        "seconds": 2.0 * (chips - 1.0) / chips * message / rate,
    }
    return _build("collective", table, columns)


def _build(family: str, table: Table, columns: dict[str, Column]) -> Measurements:
    stack = {"gemm": "cublaslt", "elementwise": "babelstream", "collective": "nccl-tests"}[family]
    return Measurements(
        family=family,
        set_name="azure_guide",
        licence=ABOUT.licence,
        source=Source(kind=Evidence.MEASURED, ref=ABOUT.origin),
        columns={"chip": table.words("device", _CHIPS), "stack": np.full(len(table), stack), **columns},
    )
