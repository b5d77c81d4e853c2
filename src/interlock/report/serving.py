"""Simulations as plain data and as CSV: figures in SI units, and in the names of two benchmarks.

keeps: what is not known is None, since JSON has no nan.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any, Final

from interlock.report.benchmark_names import aiperf_record, vllm_record
from interlock.serving.comparison import Capacities, Compared
from interlock.serving.metrics import Metrics

_PARTS: Final = ("mean", "p50", "p90", "p99")
BANDED: Final = (
    *(f"{name}.{part}" for name in ("ttft", "tpot", "itl", "e2el", "queue") for part in _PARTS),
    "request_throughput", "output_throughput", "request_goodput", "within_slo", "utilization", "kv_occupancy",
    "joules_per_token", "usd_per_million_tokens", "goodput_per_usd",
)  # fmt: skip


def serving_record(each: Compared) -> dict[str, Any]:
    """One simulation: SI figures, their bands, and the same as `vllm bench serve` and AIPerf have them."""
    run = {"policy": each.run.policy, "rate": each.run.rate, "seed": each.run.seed}
    record: dict[str, Any] = _plain({**run, **metrics_record(each.metrics), "bands": bands_record(each)})
    return record


def metrics_record(metrics: Metrics) -> dict[str, Any]:
    """The figures of one simulation, in three sets of names."""
    record: dict[str, Any] = _plain({**asdict(metrics), "vllm": vllm_record(metrics), "aiperf": aiperf_record(metrics)})
    return record


def bands_record(each: Compared) -> dict[str, tuple[float, float]] | None:
    """Ends of the band that the step times' 90 % band gives each figure; None where there is none."""
    found = {name: ends for name in BANDED if (ends := each.ends(name)) is not None}
    return found or None


def capacity_record(found: Capacities) -> dict[str, Any]:
    """The highest rate and its band, what was measured there, and every rate tried."""
    likely = found.likely
    told = {
        **asdict(replace(likely, metrics=None)),
        "band": found.ends,
        "metrics": metrics_record(likely.metrics) if likely.metrics else None,
    }
    record: dict[str, Any] = _plain(told)
    return record


def serving_csv(found: Sequence[Compared]) -> str:
    """One row a simulation."""
    out = io.StringIO()
    rows = [_row(each) for each in found]
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _row(each: Compared) -> dict[str, Any]:
    run = {"policy": each.run.policy, "rate": each.run.rate, "seed": each.run.seed}
    bands = bands_record(each) or {}
    ends = {
        f"{name.replace('.', '_')}_{side}": end
        for name, pair in bands.items()
        for side, end in zip(("low", "high"), pair, strict=True)
    }
    return {**run, **vllm_record(each.metrics), **_scalars(each.metrics), **ends}


def _scalars(metrics: Metrics) -> dict[str, Any]:
    return {key: value for key, value in asdict(metrics).items() if not isinstance(value, dict)}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
