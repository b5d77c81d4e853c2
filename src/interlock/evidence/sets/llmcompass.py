"""LLMCompass's measurements: FP16 operators on A100 and MI210, and one GPT-3 175B layer on four A100.

symbols: of the layer, B sequences of q new tokens after c cached ones, H heads on each of four chips, D width.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from interlock.errors import InputError, shown
from interlock.evidence.measurement import FAMILIES, Measurements
from interlock.evidence.source import Evidence, Source
from interlock.evidence.store import About
from interlock.evidence.table import read_table

ABOUT = About(
    title="LLMCompass (ISCA 2024): operators on A100 and MI210, a GPT-3 layer",
    origin="github.com/PrincetonUniversity/LLMCompass, commit 2e015fd2, ae/figure5",
    licence="BSD-3-Clause",
)
_CHIPS: Final = {"A100": "a100-80g", "MI210": "mi210"}
_OPERATORS: Final = {
    "matmul_fp16": "matmul", "softmax_fp16": "softmax", "layernorm_fp16": "layer-norm", "gelu_fp16": "gelu",
}  # fmt: skip
_UNITS: Final = {"TFLOP/s": "1e12", "Gelem/s": "1e9"}
_TP, _CACHED = 4, 3072
_EXTRA: Final = {
    "gemm": ("batch", "kernel"),
    "elementwise": ("activation_format", "kernel"),
    "collective": ("chips_in_node", "kernel"),
}


def read(folder: Path) -> list[Measurements]:
    """Products, vector operations and all-reduces.

    Raises:
        InputError: a file that is not what it must be.
    """
    return [*_operators(folder), *_layer(folder)]


def _operators(folder: Path) -> list[Measurements]:
    columns = ["device", "op", "M", "N", "K", "latency_ms", "throughput", "throughput_unit"]
    table = read_table(folder / "ops_a100_mi210.csv", columns).refuse_repeats()
    kind = table.words("op", _OPERATORS)
    product = kind == "matmul"
    m, n, k = table.counts("M"), table.counts("N", default=1.0), table.counts("K", default=1.0)
    rate = table.numbers("throughput", minimum=1e-6) * table.words("throughput_unit", _UNITS).astype(float)
    wrong = product != (table.text("throughput_unit") == "TFLOP/s")
    if wrong.any():
        row = int(np.argmax(wrong))
        found = shown(str(table.text("throughput_unit")[row]))
        accepted = "TFLOP/s of products, Gelem/s of others"
        raise InputError(table.where, found, accepted, f"throughput_unit, row {table.rows[row]}")
    shared = {
        "chip": table.words("device", _CHIPS),
        "stack": np.full(len(table), "pytorch"),
        "kind": kind,
        "seconds": np.where(product, 2.0 * m * n * k, m * n) / rate,
        "m": m,
        "n": n,
        "k": k,
        "batch": np.ones(len(table)),
        "rows": m,
        "width": n,
        **{name: np.full(len(table), "fp16") for name in ("weight_format", "activation_format")},
        "kernel": np.full(len(table), "operator"),
    }
    return [_build("gemm", shared, product), _build("elementwise", shared, ~product)]


def _layer(folder: Path) -> list[Measurements]:
    """One layer, tensor-parallel over four chips: a row of each operator as one chip runs it."""
    table = read_table(folder / "gpt3_block_a100.csv", ["phase", "d_model", "n_heads", "batch", "seq", "op"])
    table.refuse_repeats()
    decode = table.words("phase", {"prefill": "prefill", "decode": "decode"}) == "decode"
    width, sequences = table.counts("d_model"), table.counts("batch")
    heads = table.counts("n_heads") / _TP
    q = np.where(decode, 1.0, table.counts("seq"))
    keys = np.where(decode, _CACHED, q)
    tokens, head = sequences * q, width / table.counts("n_heads")
    one = np.ones(len(table))
    shapes: dict[str, tuple[Any, Any, Any, Any]] = {
        "Q_K_V": (tokens, 3 * width / _TP, width, one),
        "Q_mul_K": (q, keys, head, sequences * heads),
        "A_mul_V": (q, head, keys, sequences * heads),
        "Wo_proj": (tokens, width, width / _TP, one),
        "W1_proj": (tokens, 4 * width / _TP, width, one),
        "W2_proj": (tokens, width, 4 * width / _TP, one),
        "Softmax": (sequences * heads * q, keys, one, one),
        "LayerNorm_MHA": (tokens, width, one, one),
        "LayerNorm_FFN": (tokens, width, one, one),
        "GeLU": (tokens, 4 * width / _TP, one, one),
        "AllReduce_MHA": (tokens, width, one, one),
        "AllReduce_FFN": (tokens, width, one, one),
    }
    operator = table.words("op", {name: name for name in shapes})
    m, n, k, batch = (
        np.select([operator == name for name in shapes], [s[i] for s in shapes.values()]) for i in range(4)
    )
    start = np.char.partition(operator, "_")[:, 0]
    kinds = {"Softmax": "softmax", "LayerNorm": "layer-norm", "GeLU": "gelu"}
    vector, reduce = np.isin(start, list(kinds)), start == "AllReduce"
    shared = {
        "chip": np.full(len(table), "a100-80g"),
        "stack": np.full(len(table), "pytorch"),
        "kind": np.array([kinds.get(str(name), str(name)) for name in start]),
        "seconds": table.numbers("latency_s", minimum=1e-6, maximum=1e3),
        "m": m,
        "n": n,
        "k": k,
        "batch": batch,
        "rows": m,
        "width": n,
        **{name: np.full(len(table), "fp16") for name in ("weight_format", "activation_format")},
        "kernel": np.char.add("gpt-3 ", operator),
        "operation": np.full(len(table), "all-reduce"),
        "chips": np.full(len(table), float(_TP)),
        "chips_in_node": np.full(len(table), float(_TP)),
        "message_bytes": m * n * 2.0,
    }
    masks = {"gemm": ~vector & ~reduce, "elementwise": vector, "collective": reduce}
    return [_build(family, shared, mask) for family, mask in masks.items()]


def _build(family: str, shared: dict[str, Any], mask: Any) -> Measurements:
    needed = [name.rstrip("$") for name in FAMILIES[family]]
    extra = _EXTRA[family]
    return Measurements(
        family=family,
        set_name="llmcompass",
        licence=ABOUT.licence,
        source=Source(kind=Evidence.MEASURED, ref=ABOUT.origin),
        columns={name: shared[name][mask] for name in dict.fromkeys(["chip", "stack", *needed, *extra])},
    )
