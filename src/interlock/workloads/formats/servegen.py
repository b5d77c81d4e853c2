"""ServeGen: clients whose arrivals are gamma or Weibull in windows of ten minutes, with quantiles of their lengths.

source:  Xiang et al., "ServeGen: Workload Characterization and Generation of Large Language Model Serving in
         Production", 2025: compose a workload from its clients.
departs: lengths do not change over the day, and prompts and answers of a client are independent; a client whose
         lengths are not published has those of all the others.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from interlock.errors import InputError
from interlock.workloads.files import Head, table
from interlock.workloads.quantiles import invert
from interlock.workloads.requests import Requests, requests

TITLE = "ServeGen clients"
WINDOW_S = 600.0
_COLUMNS = ("client", "window_start_s", "rate_req_s", "cv", "pattern", "param1", "param2")


def reads(start: Head) -> bool:
    """Whether it is one."""
    return {"client", "window_start_s", "pattern"} <= set(start.columns)


def read(path: Path, *, seed: int = 0, hours: float = 1.0) -> Requests:
    """The clients' requests of the first hours, drawn anew; the busiest have ten million a day."""
    rows = table(path, *_COLUMNS)
    beside = path.with_name(path.name.replace("_arrivals", "_length_quantiles"))
    if beside == path:
        raise InputError(str(path), "no `_arrivals` in the name", "NAME_arrivals.csv beside NAME_length_quantiles.csv")
    lengths = _lengths(beside)
    rng = np.random.default_rng(seed)
    times: list[Any] = []
    prompts: list[Any] = []
    outputs: list[Any] = []
    clients: list[str] = []
    for row in zip(*(rows[name] for name in _COLUMNS), strict=True):
        client, window, rate = row[0], float(row[1]), float(row[2])
        if rate <= 0 or window >= hours * 3600.0:
            continue
        here = window + _window(row[4], float(row[5] or 1), rate, rng)
        times.append(here)
        clients += [client] * here.size
        for side, into in (("input", prompts), ("output", outputs)):
            known = lengths.get((client, side)) or lengths["", side]
            into.append(invert(rng.random(here.size), [value for _, value in known], [level for level, _ in known]))
    return requests(
        np.concatenate(times), np.concatenate(prompts), np.concatenate(outputs), where=str(path), client=clients,
        sort=True,
    )  # fmt: skip


def _window(pattern: str, shape: float, rate: float, rng: np.random.Generator) -> Any:
    """Arrivals of one window: gaps of the pattern's shape and of the window's rate."""
    count = int(rate * WINDOW_S * 2 + 50)
    if pattern == "Weibull":
        gaps = rng.weibull(shape, count) / (rate * math.gamma(1.0 + 1.0 / shape))
    else:
        gaps = rng.gamma(shape, 1.0 / (rate * shape), count)
    times = np.cumsum(gaps)
    return times[times < WINDOW_S]


def _lengths(path: Path) -> dict[tuple[str, str], list[tuple[float, float]]]:
    """Quantiles by client and side; those of "" are the mean over clients."""
    rows = table(path, "client", "field", "quantile", "tokens")
    found: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for client, field, level, tokens in zip(*rows.values(), strict=True):
        side = field.removesuffix("_tokens")
        if side in ("input", "output"):
            found.setdefault((client, side), []).append((float(level), float(tokens)))
    for side in ("input", "output"):
        known = [pairs for (_, kind), pairs in found.items() if kind == side]
        if not known:
            raise InputError(str(path), f"no quantiles of {side}_tokens", "at least one client's")
        found["", side] = [
            (level, float(np.mean([pairs[i][1] for pairs in known]))) for i, (level, _) in enumerate(known[0])
        ]
    return found
