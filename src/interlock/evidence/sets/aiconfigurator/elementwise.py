"""Quantisation of activations to FP8: finding the scale of a tensor, and applying a scale that is known.

departs: only TensorRT-LLM's table of scales holds times of a kernel; the others hold differences between two kernels,
         as small as 2 ns, and are left out.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from interlock.evidence.measurement import Measurements
from interlock.evidence.sets.aiconfigurator.tables import build, latency
from interlock.evidence.sets.aiconfigurator.tables import read as table_of
from interlock.evidence.table import Table


def read(folder: Path) -> list[Measurements]:
    """The two kinds, of m rows and k columns of 16-bit activations."""
    scales = table_of(folder, "computescale")
    scales.numbers("latency_ms", minimum=1e-7)
    timed = scales.where_rows(scales.text("kernel_source") == "torch_ops")
    return [_build(timed, "find-scale"), _build(table_of(folder, "scale_matrix"), "quantise")]


def _build(table: Table, kind: str) -> Measurements:
    return build(
        "elementwise",
        table,
        {
            "kind": np.full(len(table), kind),
            "rows": table.counts("m"),
            "width": table.counts("k"),
            "activation_format": np.full(len(table), "bf16"),
            "seconds": latency(table),
        },
    )
