"""Every kernel family fitted anew from the full tables: one process a core, the longest fits first.

keeps:   files appear where they are to go once all fits are done; a family that fails leaves nothing behind.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import numpy as np

from interlock.catalogue import DATA
from interlock.cost.fitting import gemm
from interlock.cost.fitting.collective import refit_collectives
from interlock.cost.fitting.operators import FAMILIES, refit_family
from interlock.cost.fitting.power import refit_power
from interlock.cost.fitting.train import load_torch

_FIRST: Final = ("gemm", "experts", "attention-decode", "attention-prefill", "scan", "power", "collective")
LEFT_OUT: Final = "gemm-left-out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refit:
    """One file: how many rows its fit saw and did not see, and the errors of these in percent."""

    name: str
    path: Path
    seen: int
    held_out: int
    before: float  # of what is shipped, on the rows that its own fit did not see
    after: float
    inside: float  # share of these rows inside their 90 % bands


def refit_all(
    folder: Path,
    to: Path,
    seed: int = 0,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Refit]:
    """Fit all families to the tables in a folder and store the files in another one, which exists."""
    load_torch()
    with tempfile.TemporaryDirectory(dir=to) as place:
        _all(folder, Path(place), seed, workers or os.cpu_count() or 1, progress)
        found = sorted(Path(place).glob("*.json"))
        for path in found:
            shutil.move(path, to / path.name)
    return [_told(to / path.name) for path in found if path.stem != LEFT_OUT]


def _all(folder: Path, place: Path, seed: int, workers: int, progress: Callable[[int, int], None] | None) -> None:
    names = sorted(_jobs(), key=lambda name: (_FIRST.index(name) if name in _FIRST else len(_FIRST), name))
    with ProcessPoolExecutor(max_workers=workers, mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(_fit, name, folder, seed, place) for name in names]
        try:
            for done, one in enumerate(as_completed(waiting), 1):
                one.result()
                if progress is not None:
                    progress(done, len(names))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _jobs() -> dict[str, Callable[[Path, int, Path], object]]:
    """What is fitted in one go: folder of tables, seed, folder of results."""
    found: dict[str, Callable[[Path, int, Path], object]] = {
        "gemm": gemm.refit,
        "power": lambda folder, seed, to: refit_power(folder, seed, to / "power.json"),
        "collective": lambda folder, seed, to: refit_collectives(folder, seed, to / "collective.json"),
    }
    return {**found, **{family.name: partial(refit_family, family) for family in FAMILIES}}


def _fit(name: str, folder: Path, seed: int, to: Path) -> None:
    load_torch().set_num_threads(1)  # the other cores have fits of their own, and sums do not depend on their number
    _jobs()[name](folder, seed, to)


def _told(path: Path) -> Refit:
    fit, score = _score(path)
    shipped = DATA / "calibrations" / path.name
    rows = fit["rows"]
    return Refit(
        name=path.stem,
        path=path,
        seen=sum(count for part, count in rows.items() if part != "held out"),
        held_out=rows["held out"],
        before=_score(shipped)[1]["mape"],
        after=score["mape"],
        inside=score["inside"],
    )


def _score(path: Path) -> tuple[dict[str, Any], Mapping[str, float]]:
    """What a file says of its fit, and the errors of its sets, weighted by their rows."""
    data = json.loads(path.read_text("utf-8"))
    scores = [one["held_out"] for one in data.get("sets", data.get("kinds")).values()]
    told = [score for score in scores if score.get("rows")]
    weights = [score["rows"] for score in told]
    names = ("mape", "inside")
    return data["fit"], {name: float(np.average([score[name] for score in told], weights=weights)) for name in names}
