"""The Azure LLM inference traces as published: TIMESTAMP, ContextTokens, GeneratedTokens."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from interlock.errors import InputError, shown
from interlock.workloads.files import Head, table
from interlock.workloads.requests import Requests, requests

TITLE = "Azure LLM inference trace"
_COLUMNS = ("TIMESTAMP", "ContextTokens", "GeneratedTokens")


def reads(start: Head) -> bool:
    """Whether it is one."""
    return set(_COLUMNS) <= set(start.columns)


def read(path: Path) -> Requests:
    """The requests, in seconds from the first."""
    columns = table(path, *_COLUMNS)
    times = [_seconds(text, str(path)) for text in columns["TIMESTAMP"]]
    begin = times[0] if times else 0.0
    return requests(
        [time - begin for time in times], columns["ContextTokens"], columns["GeneratedTokens"], where=str(path)
    )


def _seconds(text: str, where: str) -> float:
    """Microseconds are kept; the trace has seven digits after the point."""
    stamp, _, fraction = text.strip().partition(".")
    digits = fraction.split("+")[0].rstrip("Z")
    try:
        return datetime.fromisoformat(stamp + "+00:00").timestamp() + (float(f"0.{digits}") if digits else 0.0)
    except ValueError:
        raise InputError(where, shown(text), "a time such as 2023-11-16 18:15:46.680590", "TIMESTAMP") from None
