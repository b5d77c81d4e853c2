"""Predicted beside measured, on the rows that made the chip and on those that did not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from interlock.cost import Chips
from interlock.measure.chip import FEW, MachineChip
from interlock.measure.prediction import predicted
from interlock.measure.run import Measured

_CLOSE: Final = 0.2
_ROWS: Final = ("1 row", "2 to 31 rows", "32 rows and more")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One measured row beside its prediction; `judged`: it had no part in making the chip."""

    kind: str
    format: str
    size: str
    measured_s: float
    median_s: float
    predicted_s: float
    judged: bool

    @property
    def error(self) -> float:
        """Predicted over measured, less one."""
        return self.predicted_s / self.measured_s - 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Error:
    """Errors of some rows, as ratios."""

    kind: str
    rows: int
    mean: float
    median: float
    bias: float
    close: float  # share of the rows within 20 %


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """All rows, and the errors of those that judge."""

    lines: tuple[Line, ...]

    @property
    def noise(self) -> float:
        """The median over rows of the median over the least timing: 1 on a machine that does nothing else."""
        return float(np.median([line.median_s / line.measured_s for line in self.lines]))

    def errors(self, judged: bool = True) -> list[Error]:
        """By kind, then of all."""
        some = [line for line in self.lines if line.judged is judged]
        kinds = sorted({line.kind for line in some})
        groups = [(kind, [line for line in some if line.kind == kind]) for kind in kinds]
        return [_error(kind, lines) for kind, lines in [*groups, ("all", some)] if lines]


def compared(measured: Measured, made: MachineChip) -> Comparison:
    """Every row beside what first principles say of it on the chip."""
    chips = Chips.of(made.chip)
    lines: list[Line] = []
    for part, half in zip(measured.parts, made.made_of, strict=True):
        guesses = predicted(part, chips)
        for row, guess in enumerate(guesses.tolist()):
            lines.append(_line(part.columns, row, guess, bool(~half[row])))
    return Comparison(lines=tuple(lines))


def _line(columns: Any, row: int, guess: float, judged: bool) -> Line:
    sizes: tuple[str, ...] = ("rows", "width")
    if "kind" in columns:
        kind = f"pass, {columns['kind'][row]}"
    else:
        place = int(np.digitize(columns["m"][row], FEW))
        kind, sizes = f"product, {_ROWS[place]}", ("m", "n", "k")
    return Line(
        kind=kind,
        format=str(columns["activation_format"][row]),
        size=" x ".join(f"{columns[name][row]:g}" for name in sizes),
        measured_s=float(columns["seconds"][row]),
        median_s=float(columns["median_seconds"][row]),
        predicted_s=guess,
        judged=judged,
    )


def _error(kind: str, lines: list[Line]) -> Error:
    errors = np.array([line.error for line in lines])
    return Error(
        kind=kind,
        rows=len(lines),
        mean=float(np.mean(np.abs(errors))),
        median=float(np.median(np.abs(errors))),
        bias=float(np.mean(errors)),
        close=float(np.mean(np.abs(errors) <= _CLOSE)),
    )
