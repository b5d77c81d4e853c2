"""Vidur's profiles: what one layer's token-wise kernels, attention and collectives take on A100, A40 and H100.

departs: times are rounded to a microsecond, so kernels below 3 of them are left out. Of the collectives, those between
         nodes and between pairs of cards are left out, since what joins those is not described; so are those of H100
         pairs, whose table of transfers is a copy of A100's. Embeddings are left out: their cut is not stated.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interlock.evidence.measurement import Column, Measurements, together
from interlock.evidence.source import Evidence, Source
from interlock.evidence.store import About
from interlock.evidence.table import Table, read_table

ABOUT = About(
    title="Vidur: profiles of layers, attention and collectives",
    origin="github.com/microsoft/vidur, commit 7d475133, data/profiling",
    licence="MIT",
)
_CHIPS: Final = {"a100": "a100-80g", "a40": "a40", "h100": "h100-sxm"}
_NODES: Final = {"a100_dgx": "a100-80g", "h100_dgx": "h100-sxm", "a100_pairwise_nvlink": "a100-pcie-80g"}
_OPERATIONS: Final = {"all_reduce": "all-reduce", "send_recv": "point-to-point"}
_SHORTEST: Final = 3e-3  # ms


def read(folder: Path) -> list[Measurements]:
    """Products and elementwise work of a layer, attention, and collectives inside a node.

    Raises:
        InputError: a file that is not what it must be.
    """
    table = read_table(folder / "token_ops_median.csv.gz", ["device", "model", "num_tokens"]).refuse_repeats()
    return [_products(table), _elementwise(table), _attention(folder), _collectives(folder)]


def _products(table: Table) -> Measurements:
    width, cut, heads, kv_heads, inner = _sizes(table)
    head = width / heads
    gated = np.where(table.words("use_gated_mlp", {"True": "1", "False": "0"}) == "1", 2.0, 1.0)
    shapes = {
        "attn_pre_proj": ((heads / cut + 2.0 * np.maximum(kv_heads / cut, 1.0)) * head, width),
        "attn_post_proj": (width, width / cut),
        "mlp_up_proj": (gated * inner / cut, width),
        "mlp_down_proj": (width, inner / cut),
    }
    formats = np.full(len(table), "fp16")
    return together(
        _rows(
            "gemm",
            table,
            name,
            {
                "weight_format": formats,
                "activation_format": formats,
                "kernel": np.full(len(table), name),
                "m": table.counts("num_tokens"),
                "n": n,
                "k": k,
                "batch": np.ones(len(table)),
            },
        )
        for name, (n, k) in shapes.items()
    )


def _elementwise(table: Table) -> Measurements:
    """`width` is what a row holds afterwards; phi-2 has no second norm and no gate."""
    width, cut, heads, kv_heads, inner = _sizes(table)
    gated = table.text("use_gated_mlp") == "True"
    rotated = (heads / cut + np.maximum(kv_heads / cut, 1.0)) * width / heads
    norm = np.where(gated, "rms-norm", "layer-norm")
    shapes: dict[str, tuple[NDArray[np.str_], NDArray[np.float64]]] = {
        "input_layernorm": (norm, width),
        "attn_rope": (np.full(len(table), "rotate"), rotated),
        "post_attention_layernorm": (norm, width),
        "mlp_act": (np.where(gated, "silu-multiply", "gelu"), inner / cut),
        "add": (np.full(len(table), "add"), width),
    }
    return together(
        _rows(
            "elementwise",
            table,
            name,
            {
                "kind": kind,
                "rows": table.counts("num_tokens"),
                "width": elements,
                "activation_format": np.full(len(table), "fp16"),
            },
        )
        for name, (kind, elements) in shapes.items()
    )


def _sizes(table: Table) -> tuple[NDArray[np.float64], ...]:
    """Width, tensor-parallel degree, heads, KV heads and the width of the feed-forward network."""
    names = ("n_embd", "num_tensor_parallel_workers", "n_head", "n_kv_head", "n_expanded_embd")
    return tuple(table.counts(name) for name in names)


def _rows(family: str, table: Table, name: str, columns: Mapping[str, Column]) -> Measurements:
    """The rows of one operator, in the median of its runs."""
    milliseconds = table.numbers(f"{name}_ms", maximum=1e5, default=0.0)
    shared = {"chip": table.words("device", _CHIPS), "model": table.text("model"), "seconds": milliseconds * 1e-3}
    whole = _build(family, {**shared, "stack": np.full(len(table), "sarathi"), **columns})
    return whole.where(milliseconds >= _SHORTEST)


def _attention(folder: Path) -> Measurements:
    """Llama 2 70B on two chips: a chunk of one prompt, or a batch of decoding sequences; 125 rows are there twice."""
    table = read_table(
        folder / "attention_a100_llama2_70b_tp2.csv.gz",
        ["batch_size", "prefill_chunk_size", "kv_cache_size", "attn_decode_ms", "attn_prefill_ms"],
    ).distinct()
    prefill = table.words("is_prefill", {"True": "1", "False": "0"}) == "1"
    cut, heads = table.counts("num_tensor_parallel_workers"), table.counts("n_q_head")
    times = {
        name: table.numbers(f"attn_{name}_ms", minimum=1e-3, maximum=1e5, scale=1e-3, default=1.0)
        for name in ("prefill", "decode")
    }
    formats = np.full(len(table), "fp16")
    return _build(
        "attention",
        {
            "chip": np.full(len(table), "a100-80g"),
            "stack": np.full(len(table), "sarathi flash-attention"),
            "phase": np.where(prefill, "prefill", "decode"),
            "sequences": table.counts("batch_size"),
            "tokens": np.where(prefill, table.counts("prefill_chunk_size", minimum=0), 1.0),
            "context": table.counts("kv_cache_size", minimum=0),
            "heads": heads / cut,
            "kv_heads": table.counts("n_kv_head") / cut,
            "head_dim": table.counts("n_embd") / heads,
            "window": np.zeros(len(table)),
            "activation_format": formats,
            "kv_format": formats,
            "seconds": np.where(prefill, times["prefill"], times["decode"]),
        },
    )


def _collectives(folder: Path) -> Measurements:
    table = read_table(folder / "collectives_median.csv.gz", ["node", "num_workers", "size", "median_ms"])
    table.refuse_repeats()
    seconds = table.numbers("median_ms", minimum=1e-3, maximum=1e5, scale=1e-3)
    node, chips = table.text("node"), table.counts("num_workers", minimum=2)
    pairs = np.char.find(node, "pairwise") >= 0
    known = np.isin(node, list(_NODES)) & (table.counts("devices_per_node") == chips) & (~pairs | (chips == 2))
    table = table.where_rows(known)
    chips = table.counts("num_workers", minimum=2)
    return _build(
        "collective",
        {
            "chip": table.words("node", _NODES),
            "stack": np.full(len(table), "nccl"),
            "operation": table.words("collective", _OPERATIONS),
            "chips": chips,
            "chips_in_node": chips,
            "message_bytes": table.numbers("size", minimum=1.0),
            "element_bytes": np.full(len(table), 2.0),
            "seconds": seconds[known],
        },
    )


def _build(family: str, columns: Mapping[str, Column]) -> Measurements:
    return Measurements(
        family=family,
        set_name="vidur",
        licence=ABOUT.licence,
        source=Source(kind=Evidence.MEASURED, ref=ABOUT.origin),
        columns=columns,
    )
