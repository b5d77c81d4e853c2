"""InferSim's kernel tables: FP8 products, grouped products and attention on H20 and H800.

departs: grouped products are products of many pairs of matrices: one row for the first, one for the second.
         The sparse-attention table is left out, since no formula of ours stands for it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interlock.evidence.measurement import Column, Measurements, together
from interlock.evidence.source import Evidence, Source
from interlock.evidence.store import About
from interlock.evidence.table import Table, read_table

ABOUT = About(
    title="InferSim: kernels on H20 and H800",
    origin="github.com/alibaba/InferSim, commit f2293dab, bench_data",
    licence="Apache-2.0",
)
_CHIPS: Final = {"h20": "h20", "h800": "h800"}
_PHASES: Final = {"prefill": "prefill", "decode": "decode"}
_FORMATS: Final = {"bf16": "bf16", "fp8": "fp8-e4m3", "": "bf16"}
_US: Final = 1e-6
_SCAN_PARTS: Final = ("kkt", "tril", "wu", "chunk_gdn", "chunk_o", "gdn_update")


def read(folder: Path) -> list[Measurements]:
    """Products, grouped products, attention with and without latents, and gated delta rules.

    Raises:
        InputError: a file that is not what it must be.
    """
    return [_products(folder), _grouped(folder), _attention(folder), _latent(folder), _scan(folder)]


def _products(folder: Path) -> Measurements:
    """DeepGEMM; the published file holds 22 rows twice, of which one is kept."""
    table = read_table(folder / "gemm.csv", ["device", "m", "k", "n", "latency_us"]).distinct()
    shape = {name: table.counts(name) for name in "mnk"}
    return _build("gemm", table, {**_fp8(table, "deepgemm"), **shape, "batch": np.ones(len(table))}, "latency_us")


def _grouped(folder: Path) -> Measurements:
    table = read_table(folder / "grouped_gemm.csv", ["device", "tokens_per_expert", "up_proj_us", "down_proj_us"])
    table.refuse_repeats()
    width, intermediate = table.counts("hidden_size"), table.counts("intermediate_size")
    rows = {"m": table.counts("tokens_per_expert"), "batch": table.counts("num_local_experts")}
    up, down = {"n": 2 * intermediate, "k": width}, {"n": width, "k": intermediate}
    return together(
        _build("gemm", table, {**_fp8(table, f"grouped {name}"), **rows, **shape}, f"{name}_proj_us")
        for name, shape in (("up", up), ("down", down))
    )


def _attention(folder: Path) -> Measurements:
    """`shape` is heads, KV heads and head width; `kv_len` counts the new token."""
    table = read_table(folder / "mha.csv", ["device", "phase", "shape", "latency_us"]).refuse_repeats()
    heads, kv_heads, head_dim = _shape(table)
    columns = {
        **_lengths(table),
        "heads": heads,
        "kv_heads": kv_heads,
        "head_dim": head_dim,
        "window": np.zeros(len(table)),
        "activation_format": table.words("dtype", _FORMATS),
        "kv_format": table.words("kv_dtype", _FORMATS),
    }
    return _build("attention", table, columns, "latency_us")


def _latent(folder: Path) -> Measurements:
    """Expanded heads in prompts, absorbed ones in decoding."""
    table = read_table(folder / "mla.csv", ["device", "phase", "shape", "latency_us"]).refuse_repeats()
    formats = table.words("dtype", _FORMATS)
    columns = {
        **_lengths(table),
        "scope": np.full(len(table), "kernel"),
        "heads": _shape(table)[0],
        "weight_format": formats,
        "activation_format": formats,
        "kv_format": table.words("kv_dtype", _FORMATS),
    }
    return _build("latent-attention", table, columns, "latency_us")


def _scan(folder: Path) -> Measurements:
    """`shape` is taps, key heads, their width, value heads, their width; a scan is the sum of its kernels."""
    table = read_table(folder / "gdn.csv", ["device", "phase", "shape", "conv", *_SCAN_PARTS]).refuse_repeats()
    taps, groups, state, heads, head_dim = _shape(table, 5)
    decode = table.words("phase", _PHASES) == "decode"
    parts = [table.numbers(name, maximum=1e7, default=0.0) for name in _SCAN_PARTS]
    microseconds = {"convolution": table.numbers("conv", minimum=1.0), "gated-delta": np.sum(parts, axis=0)}
    return together(
        _build(
            "scan",
            table,
            {
                "kind": np.full(len(table), kind),
                "phase": table.text("phase"),
                "sequences": table.counts("batchsize", default=1.0),
                "tokens": np.where(decode, 1.0, table.counts("seq_len", default=1.0)),
                "width": heads * head_dim + (2.0 * groups * state if kind == "convolution" else 0.0),
                "heads": heads,
                "head_dim": head_dim,
                "groups": groups,
                "state": state,
                "taps": taps,
                "activation_format": np.full(len(table), "bf16"),
                "seconds": time * _US,
            },
        )
        for kind, time in microseconds.items()
    )


def _lengths(table: Table) -> dict[str, Column]:
    decode = table.words("phase", _PHASES) == "decode"
    new = table.counts("seq_len", default=1.0)
    return {
        "phase": table.text("phase"),
        "sequences": table.counts("batch_size", default=1.0),
        "tokens": np.where(decode, 1.0, new),
        "context": np.where(decode, table.counts("kv_len", default=1.0) - 1.0, 0.0),
    }


def _shape(table: Table, parts: int = 3) -> list[NDArray[np.float64]]:
    return [column.astype(float) for column in table.pattern("shape", "-".join([r"(\d+)"] * parts))]


def _fp8(table: Table, kernel: str) -> dict[str, Column]:
    formats = np.full(len(table), "fp8-e4m3")
    return {"weight_format": formats, "activation_format": formats, "kernel": np.full(len(table), kernel)}


def _build(family: str, table: Table, columns: dict[str, Column], latency: str = "") -> Measurements:
    seconds = {"seconds": table.numbers(latency, minimum=1.0, maximum=1e9, scale=_US)} if latency else {}
    shared = {"chip": table.words("device", _CHIPS), "stack": np.full(len(table), "infersim")}
    return Measurements(
        family=family,
        set_name="infersim",
        licence=ABOUT.licence,
        source=Source(kind=Evidence.MEASURED, ref=ABOUT.origin),
        columns={**shared, **columns, **seconds},
    )
