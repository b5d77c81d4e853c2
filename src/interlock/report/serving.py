"""Simulations as plain data and as CSV: figures in SI units, and in the names of two benchmarks.

keeps: what is not known is None, since JSON has no nan.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from interlock.report.benchmark_names import aiperf_record, vllm_record
from interlock.serving.capacity import Capacity
from interlock.serving.metrics import Metrics


def serving_record(metrics: Metrics) -> dict[str, Any]:
    """One simulation: SI figures, and the same as `vllm bench serve` and AIPerf have them."""
    record: dict[str, Any] = _plain({**asdict(metrics), "vllm": vllm_record(metrics), "aiperf": aiperf_record(metrics)})
    return record


def capacity_record(found: Capacity) -> dict[str, Any]:
    """The highest rate, what was measured there, and every rate tried."""
    bare = asdict(replace(found, metrics=None))
    record: dict[str, Any] = _plain({**bare, "metrics": serving_record(found.metrics) if found.metrics else None})
    return record


def serving_csv(found: Mapping[str, Metrics]) -> str:
    """One row a policy."""
    out = io.StringIO()
    flat = {name: {**vllm_record(metrics), **_scalars(metrics)} for name, metrics in found.items()}
    writer = csv.DictWriter(out, ["policy", *next(iter(flat.values()))], lineterminator="\n")
    writer.writeheader()
    writer.writerows({"policy": name, **row} for name, row in flat.items())
    return out.getvalue()


def _scalars(metrics: Metrics) -> dict[str, Any]:
    return {key: value for key, value in asdict(metrics).items() if not isinstance(value, dict)}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
