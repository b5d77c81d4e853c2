"""Fitting what training stacks add, on a stated random part of measured steps, and the file that holds it.

idea:    a few numbers of a stack (seconds a kernel, a collective and a step, pace, pace of attention) are moved in turn
         along a grid, each to where the mean absolute logarithm of predicted over measured is smallest, until
         none moves.
keeps:   the part is told by a hash of each row; errors are reported on the other rows only. A stack with fewer than
         `_FEWEST` rows in the part stays as it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interlock.catalogue import DATA
from interlock.evidence import Evidence, Source
from interlock.evidence.measurement import Measurements
from interlock.evidence.store import read_sets
from interlock.training import TrainingStack, training_stacks
from interlock.validation.split import FIT, FIT_SHARE, hashed_parts
from interlock.validation.training.prediction import seconds_under, step_works

SETS: Final = ("vtrain", "llm_foundry")
FILE: Final = DATA / "cost" / "training_fitted.toml"
_TEXTS: Final = ("chip", "stack", "model", "activation_format")
_NUMBERS: Final = ("chips", "tensor", "pipeline", "data", "batch", "microbatch", "tokens", "recompute", "zero")
_FEWEST: Final = 16
_ROUNDS: Final = 6
_GRIDS: Final[Mapping[str, NDArray[np.float64]]] = {
    "kernel_s": np.concatenate([np.arange(0.0, 40.0, 5.0), np.arange(40.0, 161.0, 10.0)]) * 1e-6,
    "collective_s": np.arange(0.0, 401.0, 25.0) * 1e-6,
    "step_s": np.arange(0.0, 0.0501, 0.005),
    "pace_ratio": np.arange(0.70, 1.061, 0.02),
    "attention_ratio": np.arange(0.30, 1.01, 0.05),
}
_NOISE: Final = 1e-5
_HEAD: Final = """\
# What training stacks add, fitted: {share} of the steps of {sets}, told by a hash of each row with seed 0. Score them
# on the other rows, or on other sets. Keys as in `training.toml`. Made by `interlock.validation.training.fit`.

[fit]
sets = [{names}]

[default]
kernel = "0 s"
step = "0 s"
collective = "0 s"
attention = 1.0
pace = 1.0
overlap = 0.0
fused_attention = true
dropout = false

"""


def training_parts(measurements: Measurements, seed: int = 0) -> NDArray[np.int64]:
    """FIT, BAND or HELD_OUT of each row of training."""
    return hashed_parts(measurements, _TEXTS, _NUMBERS, seed)


def fit_training(
    sets: Sequence[Measurements], seed: int = 0, start: Mapping[str, TrainingStack] | None = None
) -> dict[str, TrainingStack]:
    """The stacks that enough rows of the part ran, fitted."""
    known = dict(training_stacks() if start is None else start)
    drawn = [rows.where(training_parts(rows, seed) == FIT) for rows in sets]
    told = f"{FIT_SHARE:.0%} of {', '.join(dict.fromkeys(rows.set_name for rows in sets))}, seed {seed}"
    found = {}
    for name, stack in known.items():
        mine = [rows.where(np.asarray(rows["stack"]) == name) for rows in drawn]
        mine = [rows for rows in mine if len(rows)]
        count = sum(map(len, mine))
        if count >= _FEWEST:
            source = Source(kind=Evidence.CALIBRATED, ref=f"{count} rows, {told}")
            chips = {str(chip) for rows in mine for chip in np.unique(rows["chip"])}
            found[name] = replace(_moved(name, stack, mine), chips=tuple(sorted(chips)), source=source)
    return found


def _moved(name: str, stack: TrainingStack, mine: Sequence[Measurements]) -> TrainingStack:
    works = [(list(step_works(rows, {name: stack})), rows.measured) for rows in mine]

    def error(tried: TrainingStack) -> float:
        logs = [np.abs(np.log(seconds_under({name: tried}, work, len(truth)) / truth)) for work, truth in works]
        return float(np.nanmean(np.concatenate(logs)))

    least = error(stack)
    for _ in range(_ROUNDS):
        before = stack
        for field, grid in _GRIDS.items():
            if field == "attention_ratio" and not stack.fused_attention:
                continue  # no kernel of its own
            for value in grid.tolist():
                tried = replace(stack, **{field: value})
                if (now := error(tried)) < least - _NOISE:
                    least, stack = now, tried
        if stack == before:
            break
    return stack


def refit(folder: Path, to: Path = FILE) -> Path:
    """Fit the stacks to the sets in a folder and store them."""
    sets = [part for part in read_sets(folder, SETS) if part.family == "training"]
    to.write_text(training_text(fit_training(sets)), encoding="utf-8")
    return to


def training_text(found: Mapping[str, TrainingStack]) -> str:
    """The fitted stacks as the file spells them."""
    names = ", ".join(f'"{name}"' for name in SETS)
    text = [_HEAD.format(share=f"{FIT_SHARE:.0%}", sets=" and ".join(SETS), names=names)]
    for name, stack in found.items():
        text.append(
            f"[{name}]\n"
            f'kernel = "{stack.kernel_s * 1e6:g} us"\n'
            f'step = "{stack.step_s * 1e3:g} ms"\n'
            f'collective = "{stack.collective_s * 1e6:g} us"\n'
            f"attention = {stack.attention_ratio:.2f}\n"
            f"pace = {stack.pace_ratio:.2f}\n"
            f"overlap = {stack.overlap_ratio:g}\n"
            f"fused_attention = {str(stack.fused_attention).lower()}\n"
            f"dropout = {str(stack.dropout).lower()}\n"
            f"chips = {_listed(stack.chips)}\n\n"
        )
    text.append("[sources]\n")
    text.append('"default" = { kind = "first principles", ref = "a framework that costs nothing of its own" }\n')
    text += [f'"{name}" = {{ kind = "calibrated", ref = "{stack.source.ref}" }}\n' for name, stack in found.items()]
    return "".join(text)


def _listed(names: tuple[str, ...]) -> str:
    return f"[{', '.join(repr(name) for name in names)}]".replace("'", '"')
