"""What a simulation leaves behind: rows of requests (CSV or Parquet), and a trace for chrome://tracing or Perfetto.

keeps: slices of one track do not overlap: one track for the steps of each replica; a run of decode steps is one slice.
"""

from __future__ import annotations

import csv
import importlib
import importlib.util
import io
import json
from pathlib import Path
from typing import Any

from interlock.errors import MissingExtraError
from interlock.serving.metrics import latencies
from interlock.serving.simulation import Outcome


def rows(outcome: Outcome) -> dict[str, Any]:
    """Columns over requests, in order of arrival."""
    requests, times = outcome.requests, latencies(outcome)
    return {
        "arrival_s": outcome.arrival_s,
        "input_tokens": requests.prompt,
        "output_tokens": requests.output,
        "client": [requests.clients[code] for code in requests.client],
        "replica": outcome.replica,
        "admitted_s": outcome.admitted_s,
        "first_token_s": outcome.first_s,
        "finish_s": outcome.finish_s,
        "ttft_s": times["ttft"],
        "tpot_s": times["tpot"],
        "e2e_s": times["e2el"],
        "preempted": outcome.preempted,
        "cached_tokens": outcome.cached,
    }


def requests_csv(outcome: Outcome) -> str:
    """The rows as CSV, nine digits after the point."""
    columns = rows(outcome)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for row in zip(*(list(column) for column in columns.values()), strict=True):
        writer.writerow([f"{value:.9f}" if isinstance(value, float) else value for value in row])
    return out.getvalue()


def requests_parquet(outcome: Outcome, path: Path) -> None:
    """The rows as Parquet.

    Raises:
        MissingExtraError: without pyarrow.
    """
    if importlib.util.find_spec("pyarrow") is None:
        raise MissingExtraError("Parquet", "calibrate")
    arrow: Any = importlib.import_module("pyarrow")
    parquet: Any = importlib.import_module("pyarrow.parquet")
    parquet.write_table(arrow.table(rows(outcome)), path)


def chrome_trace(outcome: Outcome) -> str:
    """Trace events as JSON: what each replica did when, and how many blocks it held."""
    events: list[dict[str, Any]] = []
    read: dict[int, float] = {}
    events += [
        {"ph": "M", "pid": p, "name": "process_name", "args": {"name": f"replica {p}"}}
        for p in range(outcome.engine.lanes)
    ]
    for place, begin, spent, steps, decodes, prompts, held in outcome.segments.tolist():
        p = int(place)
        tokens = prompts - read.get(p, 0.0)
        read[p] = prompts
        parts = ([f"{int(tokens)} prompt tokens"] if tokens else []) + ([f"{int(decodes)} decoding"] if decodes else [])
        name = " + ".join(parts) or "cache moves"
        about = {"steps": int(steps), "decoding": int(decodes), "prompt_tokens": int(tokens)}
        events.append(
            {"ph": "X", "pid": p, "tid": 0, "ts": begin * 1e6, "dur": spent * 1e6, "name": name,
             "cat": "prefill" if tokens else "decode", "args": about}
        )  # fmt: skip
        events.append({"ph": "C", "pid": p, "ts": begin * 1e6, "name": "KV blocks", "args": {"held": int(held)}})
    return json.dumps({"traceEvents": events, "displayTimeUnit": "ms"})
