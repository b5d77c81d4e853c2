"""AIPerf's per-request records: one JSON object a line with `metadata` and `metrics`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from interlock.errors import InputError
from interlock.workloads.files import Head, objects
from interlock.workloads.requests import Requests, requests

TITLE = "AIPerf records"


def reads(start: Head) -> bool:
    """Whether it is one."""
    return isinstance(start.first, dict) and {"metadata", "metrics"} <= set(start.first)


def read(path: Path) -> Requests:
    """The requests that were answered, in order of their start."""
    kept: list[tuple[float, float, float]] = []
    for number, row in enumerate(objects(path), 1):
        if row.get("error"):
            continue
        start = row["metadata"].get("request_start_ns")
        lengths = [_value(row["metrics"].get(f"{side}_sequence_length")) for side in ("input", "output")]
        if not isinstance(start, int | float) or lengths[0] is None or lengths[1] is None:
            raise InputError(str(path), "a record without start or lengths", "request_start_ns, *_sequence_length",
                             f"line {number}")  # fmt: skip
        kept.append((start / 1e9, lengths[0], lengths[1]))
    begin = min((start for start, _, _ in kept), default=0.0)
    return requests(
        [start - begin for start, _, _ in kept],
        [prompt for _, prompt, _ in kept],
        [output for _, _, output in kept],
        where=str(path),
        sort=True,
    )


def _value(metric: Any) -> float | None:
    value = metric.get("value") if isinstance(metric, dict) else metric
    return float(value) if isinstance(value, int | float) else None
