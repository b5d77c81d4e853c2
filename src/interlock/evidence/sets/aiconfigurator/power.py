"""Mean board power of a B200 while one kernel loops, by operator."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from interlock.evidence.measurement import Column, Measurements
from interlock.evidence.sets.aiconfigurator import attention, experts
from interlock.evidence.sets.aiconfigurator.tables import build, latency
from interlock.evidence.sets.aiconfigurator.tables import read as table_of

_ATTENTION: Final = {"context_attention": "prefill", "generation_attention": "decode"}


def read(folder: Path) -> list[Measurements]:
    """Rows of attention and of experts apart, each with the columns of its own family."""
    table = table_of(folder, "op_power_b200")
    found = []
    for name in (*_ATTENTION, "moe"):
        rows = table.where_rows(table.text("op") == name)
        own = attention.columns(rows, _ATTENTION[name]) if name in _ATTENTION else experts.columns(rows)
        columns: dict[str, Column] = {
            **own,
            "family": np.full(len(rows), "attention" if name in _ATTENTION else "experts"),
            "power_w": rows.numbers("power_w", minimum=1.0, maximum=1e5),
            "seconds": latency(rows),
        }
        found.append(build("power", rows, columns))
    return found
