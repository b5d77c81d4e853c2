"""BurstGPT: Timestamp in seconds, Request tokens, Response tokens; the model is the client.

source:  Wang et al., "BurstGPT: A Real-World Workload Dataset to Optimize LLM Serving Systems", 2024.
departs: requests that failed, whose answers have no tokens, are left out.
"""

from __future__ import annotations

from pathlib import Path

from interlock.workloads.files import Head, head, table
from interlock.workloads.requests import Requests, requests

TITLE = "BurstGPT"
_COLUMNS = ("Timestamp", "Request tokens", "Response tokens")


def reads(start: Head) -> bool:
    """Whether it is one."""
    return set(_COLUMNS) <= set(start.columns)


def read(path: Path) -> Requests:
    """The requests that got an answer."""
    more = ("Model",) if "Model" in head(path).columns else ()
    columns = table(path, *_COLUMNS, *more)
    kept = [i for i, tokens in enumerate(columns["Response tokens"]) if tokens.strip() not in ("0", "0.0")]
    picked = {name: [column[i] for i in kept] for name, column in columns.items()}
    return requests(*(picked[name] for name in _COLUMNS), where=str(path), client=picked.get("Model"))
