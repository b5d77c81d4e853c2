"""Multi-head latent attention: the kernel alone, and whole attention blocks with their projections.

symbols: `scope` is "kernel" (expanded heads in prompts, absorbed in decoding) or "module". Heads are of one chip.
         Formats of weights and activations are those of the projections, `query_format` is that of attention.
departs: modules of models whose ranks are not published are left out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from interlock.evidence.measurement import Measurements
from interlock.evidence.sets.aiconfigurator.tables import FORMATS, build, latency
from interlock.evidence.sets.aiconfigurator.tables import read as table_of
from interlock.evidence.table import Table

_TABLES: Final = (
    ("context_mla", "prefill", "kernel"),
    ("generation_mla", "decode", "kernel"),
    ("mla_context_module", "prefill", "module"),
    ("mla_generation_module", "decode", "module"),
)
_KNOWN: Final = "deepseek-ai/DeepSeek-V3"
_WEIGHTS: Final = {"bfloat16": "bf16", "fp8_block": "fp8-e4m3", "nvfp4": "nvfp4"}


def read(folder: Path) -> list[Measurements]:
    """Kernels and modules; the two kernel tables hold two rows twice each, of which one is kept."""
    return [rows(table_of(folder, name, repeats=scope == "kernel"), phase, scope) for name, phase, scope in _TABLES]


def rows(table: Table, phase: str, scope: str) -> Measurements:
    """One of the tables."""
    if scope == "module":
        table = table.where_rows(table.text("model") == _KNOWN)
        products = table.words("gemm_type", _WEIGHTS)
    else:
        products = np.full(len(table), "bf16")
    return build(
        "latent-attention",
        table,
        {
            "phase": np.full(len(table), phase),
            "scope": np.full(len(table), scope),
            "sequences": table.counts("batch_size"),
            "tokens": table.counts("isl"),
            "context": table.counts("step", minimum=0),
            "heads": table.counts("num_heads"),
            "weight_format": products,
            "activation_format": products,
            "query_format": table.words("mla_dtype", FORMATS),
            "kv_format": table.words("kv_cache_dtype", FORMATS),
            "seconds": latency(table),
        },
    )
