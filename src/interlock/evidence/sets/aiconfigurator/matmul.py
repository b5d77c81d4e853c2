"""Matrix products: C[m, n] = A[m, k] B[k, n], and the per-head products that absorb MLA's up-projections."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from interlock.evidence.measurement import Measurements
from interlock.evidence.sets.aiconfigurator.tables import build, latency
from interlock.evidence.sets.aiconfigurator.tables import read as table_of

_WEIGHTS: Final = {
    "bfloat16": "bf16",
    "fp8": "fp8-e4m3",
    "fp8_block": "fp8-e4m3",
    "nvfp4": "nvfp4",
    "int8_wo": "int8",
    "int4_wo": "int4-g128",
    "sq": "int8",
}
_ACTIVATIONS: Final = {**_WEIGHTS, "int8_wo": "bf16", "int4_wo": "bf16"}
_ABSORB: Final = {"mla_gen_pre": "pre", "mla_gen_post": "post"}
_NOPE, _LATENT = 128.0, 512.0


def read(folder: Path) -> list[Measurements]:
    """Plain products; `kernel` is the table's own name of the scheme (fp8_block: scales of 128 x 128 blocks)."""
    table = table_of(folder, "gemm")
    plain = build(
        "gemm",
        table,
        {
            "weight_format": table.words("gemm_dtype", _WEIGHTS),
            "activation_format": table.words("gemm_dtype", _ACTIVATIONS),
            "kernel": table.text("gemm_dtype"),
            "m": table.counts("m"),
            "n": table.counts("n"),
            "k": table.counts("k"),
            "batch": np.ones(len(table)),
            "seconds": latency(table),
        },
    )
    return [plain, _absorbed(folder)]


def _absorbed(folder: Path) -> Measurements:
    """One product a head: queries into the latent space before attention, values out of it after."""
    table = table_of(folder, "mla_bmm")
    before = table.words("op_name", _ABSORB) == "pre"
    formats = table.words("bmm_dtype", _WEIGHTS)
    return build(
        "gemm",
        table,
        {
            "weight_format": formats,
            "activation_format": formats,
            "kernel": np.char.add(table.text("op_name"), np.char.add(" ", table.text("bmm_dtype"))),
            "m": table.counts("num_tokens"),
            "n": np.where(before, _LATENT, _NOPE),
            "k": np.where(before, _NOPE, _LATENT),
            "batch": table.counts("num_heads"),
            "seconds": latency(table),
        },
    )
