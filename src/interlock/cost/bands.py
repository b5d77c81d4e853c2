"""What first principles miss of a kernel, and how far it may lie from the rest: two numbers and a band a family.

keeps:   a band holds the prediction itself; a better chip is never slower, since the line that corrects rises.
departs: the line was found on GPUs and corrects GPUs only; other chips keep first principles and take the band.
source:  `data/cost/bands.toml`, from public measurements; `validation/bands.py` makes it anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np

from interlock.cost.parameters import table
from interlock.hardware import Chip
from interlock.operators import Array, Kind, Operator
from interlock.units import parse

CLASSES_S: Final = (1e-5, 1e-4)  # short, middle and long kernels
FAMILIES: Final = ("gemm", "attention", "latent-attention", "experts", "scan", "collective", "elementwise")
_OF_KIND: Final = {
    Kind.MATMUL: "gemm",
    Kind.ATTENTION: "attention",
    Kind.SCAN: "scan",
    Kind.COLLECTIVE: "collective",
    Kind.TRANSFER: "collective",
    Kind.HOST: "host",
}
_CORRECTED: Final = frozenset({"datacenter-gpu", "workstation-gpu"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Seconds a launch, ratio, and ends of the band by size class."""

    offset_s: float
    slope: float
    ends: Any


def family_of(o: Operator) -> str:
    """The family of measurements that an operator belongs to."""
    if o.routing is not None and o.kind is Kind.MATMUL:
        return "experts"
    if o.attending is not None and o.attending.latent:
        return "latent-attention"
    return _OF_KIND.get(o.kind, "elementwise")


def corrected(o: Operator, seconds: Array, chip: Chip) -> tuple[Any, Any, Any]:
    """Seconds, low and high of an operator that no calibration covers, from its first-principles seconds."""
    line = _line(family_of(o))
    plain = np.asarray(seconds, dtype=float)
    guess = line.slope * plain + line.offset_s * o.launches if chip.category in _CORRECTED else plain
    guess = np.where(plain > 0, guess, plain)
    place = np.digitize(guess, CLASSES_S)
    return guess, guess * line.ends[place, 0], guess * line.ends[place, 1]


@cache
def _line(family: str) -> Line:
    data = table("bands")[family]
    ends = np.stack([data["low"], data["high"]], axis=1)
    return Line(offset_s=parse(data["offset"], "s"), slope=float(data["slope"]), ends=ends)
