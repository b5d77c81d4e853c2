"""Attention kernels: causal prompts, one decoding token a sequence, and vision encoders without a mask."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from interlock.evidence.measurement import Column, Measurements
from interlock.evidence.sets.aiconfigurator.tables import FORMATS, build, latency
from interlock.evidence.sets.aiconfigurator.tables import read as table_of
from interlock.evidence.table import Table


def read(folder: Path) -> list[Measurements]:
    """Prompts of `isl` tokens after `step` cached ones; decoding with `step` tokens in the cache; encoders."""
    prefill, decode = table_of(folder, "context_attention"), table_of(folder, "generation_attention")
    encoder = table_of(folder, "encoder_attention")
    heads = encoder.counts("num_heads")
    formats = encoder.words("attn_dtype", FORMATS)
    seen: dict[str, Column] = {
        "phase": np.full(len(encoder), "encoder"),
        "sequences": encoder.counts("batch_size"),
        "tokens": encoder.counts("isl"),
        "context": np.zeros(len(encoder)),
        "heads": heads,
        "kv_heads": heads,
        "head_dim": encoder.counts("head_dim"),
        "window": np.zeros(len(encoder)),
        "activation_format": formats,
        "kv_format": formats,
        "seconds": latency(encoder),
    }
    return [
        build("attention", prefill, {**columns(prefill, "prefill"), "seconds": latency(prefill)}),
        build("attention", decode, {**columns(decode, "decode"), "seconds": latency(decode)}),
        build("attention", encoder, seen),
    ]


def columns(table: Table, phase: str) -> Mapping[str, Column]:
    """What a row of a context or generation table says; a window of 0 is none, 0 KV heads are as many as heads."""
    heads, kv_heads = table.counts("num_heads"), table.counts("num_key_value_heads", minimum=0)
    return {
        "phase": np.full(len(table), phase),
        "sequences": table.counts("batch_size"),
        "tokens": table.counts("isl"),
        "context": table.counts("step", minimum=0),
        "heads": heads,
        "kv_heads": np.where(kv_heads == 0, heads, kv_heads),
        "head_dim": table.counts("head_dim"),
        "window": table.counts("window_size", minimum=0, default=0.0),
        "activation_format": table.words("attn_dtype", FORMATS),
        "kv_format": table.words("kv_cache_dtype", FORMATS),
    }
