"""The result of `vllm bench serve --save-result --save-detailed`: lengths, and times where the version writes them."""

from __future__ import annotations

from pathlib import Path

from interlock.workloads.files import Head, whole
from interlock.workloads.requests import Requests, requests

TITLE = "vllm bench serve"


def reads(start: Head) -> bool:
    """Whether it is one."""
    return isinstance(start.first, dict) and {"input_lens", "output_lens"} <= set(start.first)


def read(path: Path) -> Requests:
    """The requests that got tokens, in order of their start."""
    found = whole(path)
    starts = found.get("start_times") or [0.0] * len(found["input_lens"])
    first = min(starts, default=0.0)
    rows = zip(starts, found["input_lens"], found["output_lens"], strict=False)
    kept = [(start - first, prompt, output) for start, prompt, output in rows if output]
    columns: list[list[float]] = [list(column) for column in zip(*kept, strict=True)] or [[], [], []]
    return requests(*columns, where=str(path), sort=True)
