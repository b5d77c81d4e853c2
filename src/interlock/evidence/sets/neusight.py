"""NeuSight's measurements: FP32 products and vector operations on GPUs from Pascal to Hopper and CDNA 2.

keeps: FP32 without TF32; `split` is that predictor's own division into rows it learned from and rows it did not.
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
    title="NeuSight (ASPLOS 2025): operators in FP32 on ten GPUs",
    origin="github.com/sitar-lab/NeuSight, commit 6945927d, scripts/asplos",
    licence="MIT",
)
_CHIPS: Final = {
    "Tesla P4": "p4",
    "Tesla P100-PCIE-16GB": "p100",
    "Tesla V100-PCIE-32GB": "v100-pcie-32g",
    "Tesla T4": "t4",
    "NVIDIA A100-PCIE-40GB": "a100-pcie-40g",
    "NVIDIA A100 80GB PCIe": "a100-pcie-80g",
    "NVIDIA L4": "l4",
    "NVIDIA H100 80GB HBM3": "h100-sxm",
    "AMD Instinct MI100": "mi100",
    "AMD Instinct MI210": "mi210",
}
_STACKS: Final = {"p2.1.0": "pytorch 2.1.0", "": "pytorch 2.4.1 rocm"}
_KINDS: Final = {
    "ln": "layer-norm", "softmax": "softmax", "relu": "relu", "gelu": "gelu", "tanh": "tanh", "pow": "power",
    "powu": "power-scalar", "add": "add", "addu": "add-scalar", "mul": "multiply", "mulu": "multiply-scalar",
    "div": "divide", "divu": "divide-scalar",
}  # fmt: skip


def read(folder: Path) -> list[Measurements]:
    """Products, single (a linear layer with bias) and batched, and vector operations.

    Raises:
        InputError: a file that is not what it must be.
    """
    products = read_table(folder / "gemm_fp32.csv.gz", ["B", "M", "N", "K"]).refuse_repeats()
    vectors = read_table(folder / "vector_ops_fp32.csv.gz", ["B", "H"]).refuse_repeats()
    format_name = np.full(len(products), "fp32")
    return [
        _build(
            "gemm",
            products,
            {
                "weight_format": format_name,
                "activation_format": format_name,
                "kernel": products.words("op", {"linear": "linear", "bmm": "bmm"}),
                "implementation": products.text("kernels"),
                "split": products.words("split", {"train": "train", "test": "test"}),
                "m": products.counts("M"),
                "n": products.counts("N"),
                "k": products.counts("K"),
                "batch": products.counts("B"),
            },
        ),
        _build(
            "elementwise",
            vectors,
            {
                "kind": vectors.words("op", _KINDS),
                "rows": vectors.counts("B"),
                "width": vectors.counts("H"),
                "activation_format": np.full(len(vectors), "fp32"),
            },
        ),
    ]


def _build(family: str, table: Table, columns: dict[str, Column]) -> Measurements:
    shared = {
        "chip": table.words("device", _CHIPS),
        "stack": table.words("torch", _STACKS),
        "seconds": table.numbers("latency_ms", minimum=1e-3, maximum=1e6, scale=1e-3),
    }
    return Measurements(
        family=family,
        set_name="neusight",
        licence=ABOUT.licence,
        source=Source(kind=Evidence.MEASURED, ref=ABOUT.origin),
        columns={**shared, **columns},
    )
