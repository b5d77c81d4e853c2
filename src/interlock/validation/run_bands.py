"""90 % bands of whole requests and training steps, by what a prediction stands on, stack and quantity.

idea:    the band's ends are quantiles of measured / predicted on rows that a hash set aside for them (`split.py`), so
         that rows nobody looked at score the coverage. Three classes: first principles; constants of the stack fitted
         on the chip; constants fitted on other chips only, for which each chip is left out of a fit in turn (but for
         the memory that a stack keeps). A stack
         with few such rows takes the band of all stacks of the quantity.
source:  split conformal prediction: Papadopoulos et al. 2002; Lei et al. 2018. Held in `data/cost/run_bands.toml`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interlock.catalogue import DATA
from interlock.cost.run_band import ANY, FITTED, OTHER_CHIP, ends_of
from interlock.evidence.measurement import Measurements
from interlock.evidence.store import read_sets
from interlock.training import training_stacks
from interlock.validation import requests, training
from interlock.validation.requests.fit import fit_stacks
from interlock.validation.requests.split import request_parts
from interlock.validation.score import measured, quantities
from interlock.validation.split import BAND
from interlock.validation.training.fit import fit_training, training_parts

Floats = NDArray[np.float64]
FIRST: Final = "first principles"
FILE: Final = DATA / "cost" / "run_bands.toml"
SETS: Final = ("llm_inference_bench", "aiconfigurator", "vtrain", "llm_foundry")
_OUTSIDE: Final = 0.05  # at either end
_ENOUGH: Final = 19  # rows for a band of one's own
_HEAD: Final = """\
# Ends of 90 % bands of whole requests and training steps: measured over predicted, by what a prediction stands on, by
# stack and quantity ("seconds" of training). Made by `interlock.validation.run_bands` from rows that no fit saw.

"""


def run_band(measurements: Measurements, predicted: Floats, basis: NDArray[np.str_]) -> tuple[Floats, Floats]:
    """The ends of each row's band; nan where its quantity has none."""
    family = measurements.family
    names, stacks = quantities(measurements), np.asarray(measurements["stack"], dtype=str)
    low, high = np.full(len(measurements), np.nan), np.full(len(measurements), np.nan)
    for key in sorted(set(zip(basis.tolist(), stacks.tolist(), names.tolist(), strict=True))):
        ends = ends_of(key[0], key[1], f"{family}-{key[2]}")
        if ends is not None:
            rows = (basis == key[0]) & (stacks == key[1]) & (names == key[2])
            low[rows], high[rows] = predicted[rows] * ends[0], predicted[rows] * ends[1]
    return low, high


def basis_of(measurements: Measurements, chips: Mapping[str, tuple[str, ...]]) -> NDArray[np.str_]:
    """FITTED where a row's stack was fitted on its chip, else OTHER_CHIP."""
    pairs = zip(map(str, measurements["stack"]), map(str, measurements["chip"]), strict=True)
    return np.array([FITTED if chip in chips.get(stack, ()) else OTHER_CHIP for stack, chip in pairs], dtype=str)


def refit(folder: Path, to: Path = FILE) -> Path:
    """Find the bands with the sets in a folder and store them."""
    parts = [part for part in read_sets(folder, SETS) if part.family in {"request", "training"}]
    to.write_text(bands_text(parts), encoding="utf-8")
    return to


def bands_text(parts: list[Measurements]) -> str:
    """The file's text."""
    found: dict[tuple[str, str, str], list[Floats]] = {}
    for basis, part, predicted in _predictions(parts):
        logs = np.log(measured(part) / predicted)
        stacks, names = np.asarray(part["stack"], dtype=str), quantities(part)
        for stack, quantity in sorted(set(zip(stacks.tolist(), names.tolist(), strict=True))):
            mine = logs[(stacks == stack) & (names == quantity) & np.isfinite(logs)]
            for name in (stack, ANY):
                found.setdefault((basis, name, f"{part.family}-{quantity}"), []).append(mine)
    ends = {key: _ends(np.concatenate(logs)) for key, logs in found.items()}
    text = [_HEAD]
    for basis, stack in dict.fromkeys(key[:2] for key in sorted(ends)):
        lines = [
            f"{key[2]} = [{pair[0]:.3f}, {pair[1]:.3f}]\n"
            for key, pair in sorted(ends.items())
            if key[:2] == (basis, stack) and pair is not None
        ]
        text += [f'["{basis}"."{stack}"]\n', *lines, "\n"] if lines else []
    sets = ", ".join(dict.fromkeys(part.set_name for part in parts))
    text.append("[sources]\n")
    for basis in (FIRST, FITTED, OTHER_CHIP):
        text.append(f'"{basis}" = {{ kind = "calibrated", ref = "quantiles over rows set aside of {sets}, seed 0" }}\n')
    return "".join(text)


def _predictions(parts: list[Measurements]) -> Iterator[tuple[str, Measurements, Floats]]:
    """Rows that are set aside for bands, with predictions of each class."""
    asked = [part for part in parts if part.family == "request"]
    steps = [part for part in parts if part.family == "training"]
    for part in asked:
        aside = part.where(request_parts(part) == BAND)
        yield FIRST, aside, requests.predict(aside, calibrated=False)
        yield FITTED, aside, requests.predict(aside, _calibrated(requests.stacks("stacks_fitted")))
    for part in steps:
        aside = part.where(training_parts(part) == BAND)
        yield FIRST, aside, training.predict(aside)
        yield FITTED, aside, training.predict(aside, training_stacks("training_fitted"))
    fitted = {chip for stack in requests.stacks("stacks_fitted").values() for chip in stack.chips}
    for chip in sorted(fitted):  # without any other chip the fit would be the same
        start = {name: replace(stack, chips=()) for name, stack in requests.stacks("stacks_fitted").items()}
        rest = [part.where(part["chip"] != chip) for part in asked]
        others = _calibrated(fit_stacks(rest, start=start, reserves=None))
        for part in asked:
            aside = part.where((request_parts(part) == BAND) & (part["chip"] == chip))
            yield OTHER_CHIP, aside, requests.predict(aside, others)
    for chip in sorted({str(name) for part in steps for name in np.unique(part["chip"])}):
        remaining = fit_training([part.where(part["chip"] != chip) for part in steps])
        for part in steps:
            aside = part.where((training_parts(part) == BAND) & (part["chip"] == chip))
            yield OTHER_CHIP, aside, training.predict(aside, remaining)


def _calibrated(known: requests.Stacks) -> dict[str, requests.Stack]:
    return {name: stack for name, stack in known.items() if stack.chips}


def _ends(logs: Floats) -> tuple[float, float] | None:
    """The conformal quantiles of enough rows, as ratios; the outermost rows of few."""
    count = len(logs)
    if count < _ENOUGH:
        return None
    order = np.sort(logs)
    outside = int(np.floor(_OUTSIDE * (count + 1)))  # at either end; at least the outermost row is the end
    return float(np.exp(order[max(outside, 1) - 1])), float(np.exp(order[count - max(outside, 1)]))
