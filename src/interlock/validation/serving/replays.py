"""All sets of serving runs that can be replayed, and their errors in one table."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from interlock.errors import InputError, UnknownNameError
from interlock.validation.serving.replay import Beside

SETS: Final = ("llmservingsim", "apex_plus_e2e", "blis_h100_vllm", "vtc_fairness", "serving_published")


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """Errors of one figure over the runs of a set that the clock had not seen."""

    set_name: str
    clock: str
    knows: str
    figure: str
    runs: int
    mean_error_ratio: float
    worst_error_ratio: float


def replays(
    folder: Path, sets: Sequence[str] | None = None, progress: Callable[[int, int], None] | None = None
) -> list[Beside]:
    """Replay the runs of the named sets, or of all that are there.

    Args:
        folder: holds a folder for each set.
        sets: only these.
        progress: called with (done, total).

    Raises:
        InputError: an unknown set, one that is not there, or a file that is not what it must be.
    """
    for name in sets or ():
        if name not in SETS:
            raise UnknownNameError("set", name, SETS, "--sets")
        if not (folder / name).is_dir():
            raise InputError(str(folder / name), "no such folder", f"the set {name}")
    present = [name for name in sets or SETS if (folder / name).is_dir()]
    if not present:
        raise InputError(str(folder), "none of the sets to replay", f"a folder that holds {' or '.join(SETS)}")
    found: list[Beside] = []
    for done, name in enumerate(present, 1):
        module: Any = importlib.import_module(f"{__name__.rpartition('.')[0]}.{name}")
        found += module.replayed(folder / name)
        if progress is not None:
            progress(done, len(present))
    return found


def errors(rows: Sequence[Beside]) -> list[Errors]:
    """Mean and worst absolute errors by set, clock and figure; figures of single clients are one."""
    groups: dict[tuple[str, str, str, str], list[float]] = {}
    for row in rows:
        if not row.knows.startswith("its own "):
            figure = "service of a client" if row.figure.startswith("service of ") else row.figure
            groups.setdefault((row.set_name, row.clock, row.knows, figure), []).append(abs(row.error_ratio))
    return [
        Errors(
            set_name=key[0], clock=key[1], knows=key[2], figure=key[3], runs=len(values),
            mean_error_ratio=float(np.mean(values)), worst_error_ratio=max(values),
        )
        for key, values in groups.items()
    ]  # fmt: skip


def replay_record(rows: Sequence[Beside]) -> dict[str, Any]:
    """As JSON holds it: every figure beside the measured one, and the errors."""
    told = [{name: getattr(row, name) for name in (*Beside.__slots__, "error_ratio")} for row in rows]
    whole = [{name: getattr(row, name) for name in Errors.__slots__} for row in errors(rows)]
    return {"errors": whole, "runs": [item for item in told if math.isfinite(item["predicted"])]}
