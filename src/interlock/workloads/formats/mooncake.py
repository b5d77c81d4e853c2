"""Mooncake: one JSON object a line, times in milliseconds, and hashes of prompt blocks of 512 tokens.

source: Qin et al., "Mooncake: Trading More Storage for Less Computation", FAST 2025.
"""

from __future__ import annotations

from pathlib import Path

from interlock.errors import InputError
from interlock.workloads.files import Head, objects
from interlock.workloads.requests import Requests, requests

TITLE = "Mooncake"
BLOCK = 512
_FIELDS = ("timestamp", "input_length", "output_length")


def reads(start: Head) -> bool:
    """Whether it is one."""
    return isinstance(start.first, dict) and set(_FIELDS) <= set(start.first)


def read(path: Path) -> Requests:
    """The requests with their prefix blocks."""
    rows = list(objects(path))
    for number, row in enumerate(rows, 1):
        for name in _FIELDS:
            if not isinstance(row.get(name), int | float):
                raise InputError(str(path), repr(row.get(name)), "a number", f"line {number}: {name}")
    prefixes = [list(row["hash_ids"]) for row in rows] if all("hash_ids" in row for row in rows) else None
    return requests(
        [row["timestamp"] / 1e3 for row in rows],
        [row["input_length"] for row in rows],
        [row["output_length"] for row in rows],
        where=str(path),
        prefixes=prefixes,
        prefix_tokens=BLOCK if prefixes else 0,
    )
