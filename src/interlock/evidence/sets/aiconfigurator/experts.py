"""Grouped experts of one chip of an expert- or tensor-parallel group.

symbols: T tokens of the whole group, E experts, a the exponent of `power_law_a`, s of rank ** -s.
idea:    the tables draw each expert's load from a density x ** -a between 1 and 0.8 T (between 0.01 and 2 where there
         are fewer choices than experts), and time the chip with the heaviest load. `skew` is the s whose popularities
         rank ** -s have the same sum of squares: the same chance that two choices fall on one expert.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interlock.evidence.measurement import Column, Measurements
from interlock.evidence.sets.aiconfigurator.tables import build, latency
from interlock.evidence.sets.aiconfigurator.tables import read as table_of
from interlock.evidence.table import Table

_WEIGHTS: Final = {
    "bfloat16": "bf16",
    "fp8": "fp8-e4m3",
    "fp8_block": "fp8-e4m3",
    "nvfp4": "nvfp4",
    "int4_wo": "int4-g128",
    "w4afp8": "int4-g128",
    "w4a16_mxfp4": "mxfp4",
    "w4a8_mxfp4_mxfp8": "mxfp4",
}
_ACTIVATIONS: Final = {
    **_WEIGHTS,
    "int4_wo": "bf16",
    "w4afp8": "fp8-e4m3",
    "w4a16_mxfp4": "bf16",
    "w4a8_mxfp4_mxfp8": "mxfp8",
}
_EXPONENTS: Final = {"balanced": "0", "power_law_1.01": "1.01", "power_law_1.2": "1.2"}
_SKEWS: Final = np.arange(0.0, 8.0, 0.02)
_UNGATED_TOP_K, _UNGATED_SHAPE = 22.0, (2688.0, 1856.0)  # Nemotron 3: squared ReLU, one matrix before it


def read(folder: Path) -> list[Measurements]:
    """The grouped feed-forward networks, both products and the activation between them."""
    table = table_of(folder, "moe")
    return [build("experts", table, {**columns(table), "seconds": latency(table)})]


def columns(table: Table) -> Mapping[str, Column]:
    """What a row says; `tokens` are those of the whole expert-parallel group."""
    tokens, experts, top_k = table.counts("num_tokens"), table.counts("num_experts"), table.counts("topk")
    width, intermediate = table.counts("hidden_size"), table.counts("inter_size")
    ungated = (top_k == _UNGATED_TOP_K) | ((width == _UNGATED_SHAPE[0]) & (intermediate == _UNGATED_SHAPE[1]))
    exponent = table.words("distribution", _EXPONENTS).astype(float)
    return {
        "tokens": tokens,
        "width": width,
        "intermediate": intermediate,
        "experts": experts,
        "top_k": top_k,
        "tensor": table.counts("moe_tp_size"),
        "expert": table.counts("moe_ep_size"),
        "skew": _skew(exponent, tokens, experts, top_k),
        "gated": np.where(ungated, 0.0, 1.0),
        "distribution": table.text("distribution"),
        "kernel": table.text("moe_dtype"),
        "weight_format": table.words("moe_dtype", _WEIGHTS),
        "activation_format": table.words("moe_dtype", _ACTIVATIONS),
    }


def _skew(
    exponent: NDArray[np.float64], tokens: NDArray[np.float64], experts: NDArray[np.float64], top_k: NDArray[np.float64]
) -> NDArray[np.float64]:
    skew = np.zeros(len(tokens))
    for count in np.unique(experts):
        rows = (experts == count) & (exponent > 0)
        # few rows differ in what the loads depend on: one number tells them apart
        _, first, kind = np.unique(
            (tokens[rows] * 1e3 + top_k[rows]) * 1e3 + np.round(exponent[rows] * 1e2), return_index=True,
            return_inverse=True,
        )  # fmt: skip
        kinds = np.stack([column[rows][first] for column in (exponent, tokens, top_k)])
        ranks = np.arange(1, count + 1)
        sums = _same_choice(ranks[None, :] ** -_SKEWS[:, None])
        many = kinds[1] * kinds[2] > count
        low, high = np.where(many, 1.0, 0.01)[:, None], np.where(many, np.maximum(0.8 * kinds[1], 1.01), 2.0)
        drawn = (ranks - 0.5) / count
        power = 1.0 - kinds[0][:, None]
        loads = ((high[:, None] ** power - low**power) * drawn + low**power) ** (1.0 / power)
        skew[rows] = np.round(np.interp(_same_choice(loads), sums, _SKEWS), 2)[kind]
    return skew


def _same_choice(popularity: NDArray[np.float64]) -> NDArray[np.float64]:
    """The chance that two choices fall on one expert."""
    share = popularity / popularity.sum(axis=-1, keepdims=True)
    found: NDArray[np.float64] = (share**2).sum(axis=-1)
    return found
