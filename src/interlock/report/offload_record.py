"""Offloaded inference as a record of plain values, for JSON."""

from __future__ import annotations

from typing import Any

from interlock.offloading import Offloaded
from interlock.offloading.block import SHARES


def offload_record(found: Offloaded) -> dict[str, Any]:
    """The record; figures are None where nothing fits."""
    runs = not found.missing
    return {
        "model": found.model.name,
        "machine": found.machine.name,
        "weight_format": found.kept.weight.name,
        "kv_cache_dtype": found.kept.kv.name,
        "prompt": found.prompt,
        "output": found.output,
        "gpu_batch_size": found.batch,
        "num_gpu_batches": found.batches,
        "batch": found.sequences,
        "cpu_attention": found.host_attention,
        "shares": None if found.shares is None else dict(zip(SHARES, map(float, found.shares), strict=True)),
        "tokens_per_s": found.tokens_per_s if runs else None,
        "seconds": found.seconds if runs else None,
        "prefill_s": found.prefill_s if runs else None,
        "decode_step_s": found.decode_s if runs else None,
        "used_bytes": found.used if found.shares is not None else None,
        "capacity_bytes": dict(zip(found.used, found.machine.capacities, strict=True)),
        "missing_bytes": found.missing,
        "problems": list(found.problems),
    }
