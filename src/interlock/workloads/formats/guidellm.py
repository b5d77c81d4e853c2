"""GuideLLM's JSON report: the successful requests of its benchmarks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from interlock.errors import InputError
from interlock.workloads.files import Head, whole
from interlock.workloads.requests import Requests, requests

TITLE = "GuideLLM report"
_PROMPT = ("prompt_tokens", "input_tokens")
_OUTPUT = ("output_tokens", "completion_tokens")
_START = ("start_time", "request_start_time")


def reads(start: Head) -> bool:
    """Whether it is one."""
    return isinstance(start.first, dict) and isinstance(start.first.get("benchmarks"), list)


def read(path: Path) -> Requests:
    """The requests of all benchmarks, in order of their start."""
    rows: list[dict[str, Any]] = []
    for benchmark in whole(path)["benchmarks"]:
        done = benchmark.get("requests") or {}
        rows += done.get("successful") or [] if isinstance(done, dict) else done
    if not rows:
        raise InputError(str(path), "no successful requests", "a report that keeps its requests")
    starts = [_first(row, _START, str(path)) for row in rows]
    begin = min(starts)
    return requests(
        [start - begin for start in starts],
        [_first(row, _PROMPT, str(path)) for row in rows],
        [_first(row, _OUTPUT, str(path)) for row in rows],
        where=str(path),
        sort=True,
    )


def _first(row: dict[str, Any], names: tuple[str, ...], where: str) -> float:
    """The first of several spellings that a row has, at its top or in its statistics."""
    for place in (row, row.get("scheduler_info") or {}, row.get("request_stats") or {}):
        for name in names:
            if isinstance(place, dict) and isinstance(place.get(name), int | float):
                return float(place[name])
    raise InputError(where, "a request without it", f"one of {', '.join(names)}")
