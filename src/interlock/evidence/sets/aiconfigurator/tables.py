"""What all tables of AIConfigurator share: the names of its chips, its stacks, and the unit of its latencies."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np

from interlock.evidence.measurement import Column, Measurements
from interlock.evidence.source import Evidence, Source
from interlock.evidence.table import Table, read_table

LICENCE: Final = "Apache-2.0"
CHIPS: Final = {
    "a100_sxm": "a100-80g",
    "h100_sxm": "h100-sxm",
    "h200_sxm": "h200-sxm",
    "b200_sxm": "b200-sxm",
    "b300_sxm": "b300-sxm",
    "gb200": "gb200",
    "gb300": "gb300",
    "l40s": "l40s",
    "rtx_pro_6000_server": "rtx-pro-6000-server",
    "b60": "arc-pro-b60",
}
FORMATS: Final = {"bfloat16": "bf16", "half": "fp16", "fp8": "fp8-e4m3", "int8": "int8"}
SHORTEST: Final = 1e-3  # ms: no kernel, replayed from a graph, is over in less than a microsecond


def read(folder: Path, name: str, *, repeats: bool = False) -> Table:
    """One table. `repeats`: the published file holds a few rows twice, of which one is kept."""
    table = read_table(folder / f"{name}.csv.gz", ["system", "framework", "version", "kernel_source"])
    return table.distinct() if repeats else table.refuse_repeats()


def latency(table: Table, column: str = "latency_ms", shortest: float = SHORTEST) -> Column:
    """Seconds, from milliseconds."""
    return table.numbers(column, minimum=shortest, maximum=1e6, scale=1e-3)


def build(family: str, table: Table, columns: Mapping[str, Column]) -> Measurements:
    """Columns of a family, with the chip, the engine that ran, and the kernel it chose."""
    framework, version = table.text("framework"), table.text("version")
    shared = {
        "chip": table.words("system", CHIPS),
        "stack": np.char.add(np.char.add(np.char.lower(framework), " "), version),
        "implementation": table.text("kernel_source"),
    }
    return Measurements(
        family=family,
        set_name="aiconfigurator",
        licence=LICENCE,
        source=Source(kind=Evidence.MEASURED, ref="aiconfigurator-core 0.12.0, systems/data"),
        columns={**shared, **columns},
    )
