"""CSV with our own columns: arrival_s, input_tokens, output_tokens; client, session, priority, deadline_s if known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from interlock.workloads.files import Head, head, table
from interlock.workloads.requests import Requests, requests

TITLE = "interlock trace make"
_NEEDED = ("arrival_s", "input_tokens", "output_tokens")
_MORE = ("client", "session", "priority", "deadline_s")


def reads(start: Head) -> bool:
    """Whether it is one."""
    return set(_NEEDED) <= set(start.columns)


def read(path: Path) -> Requests:
    """The requests."""
    more = [name for name in _MORE if name in head(path).columns]
    columns = table(path, *_NEEDED, *more)
    given: dict[str, Any] = {name: columns[name] for name in more}
    return requests(columns["arrival_s"], columns["input_tokens"], columns["output_tokens"], where=str(path), **given)
