"""Vidur's length files: num_prefill_tokens and num_decode_tokens, with arrived_at where there is one."""

from __future__ import annotations

from pathlib import Path

from interlock.workloads.files import Head, head, table
from interlock.workloads.requests import Requests, requests

TITLE = "Vidur lengths"
_COLUMNS = ("num_prefill_tokens", "num_decode_tokens")


def reads(start: Head) -> bool:
    """Whether it is one."""
    return set(_COLUMNS) <= set(start.columns)


def read(path: Path) -> Requests:
    """The requests, all at one moment where the file has no times."""
    more = ("arrived_at",) if "arrived_at" in head(path).columns else ()
    columns = table(path, *_COLUMNS, *more)
    times = columns.get("arrived_at") or ["0"] * len(columns["num_prefill_tokens"])
    return requests(times, *(columns[name] for name in _COLUMNS), where=str(path))
