"""The contract of an exhibit: what somebody claims, what Interlock makes of it, and a comparison that can fail.

idea: one file `rows/<id>.py` for each system, its name the system's id with underscores, that holds `CLAIM`, a `Claim`;
      `run()`, a `Reproduction`; `MISSING`, what the check of the catalogue asks for beyond what `run` shows; and
      `NEEDS`, the extra that `run` cannot do without.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from interlock.evidence import Evidence, Source
from interlock.hardware.chip import Printed

Comparison = Literal["equal", "within", "below", "above", "differs", "holds"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a document says a system is or reaches, in one line, and which document."""

    text: str
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number beside another, and how they must compare; a `tolerance` is relative."""

    what: str
    claimed: float
    reproduced: float
    comparison: Comparison
    unit: str = ""
    tolerance: float = 0.0
    note: str = ""

    @property
    def passed(self) -> bool:
        """Whether the comparison holds; a reproduced value that is not a number never passes."""
        gap = abs(self.reproduced - self.claimed)
        match self.comparison:
            case "equal" | "holds":
                return self.reproduced == self.claimed
            case "within":
                return gap <= self.tolerance * abs(self.claimed)
            case "differs":
                return gap > self.tolerance * abs(self.claimed)
            case "below":
                return self.reproduced <= self.claimed
            case "above":
                return self.reproduced >= self.claimed


@dataclass(frozen=True, slots=True, kw_only=True)
class Reproduction:
    """All figures of one exhibit, and the figures that a document prints otherwise, beside the corrected ones."""

    figures: tuple[Figure, ...]
    printed: tuple[Printed, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether every comparison holds; an exhibit without figures shows nothing and does not pass."""
        return bool(self.figures) and all(figure.passed for figure in self.figures)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """One system's exhibit.

    Args:
        id: the system's.
        claim: what somebody says of it.
        run: compares.
        missing: what the catalogue's check asks for and `run` does not show; "" if nothing.
        needs: the extra to install before it can be run, "lab" or "offload"; "" for none.
    """

    id: str
    claim: Claim
    run: Callable[[], Reproduction]
    missing: str = ""
    needs: str = ""


def reproduction(*figures: Figure, printed: tuple[Printed, ...] = ()) -> Reproduction:
    """The figures of an exhibit, together."""
    return Reproduction(figures=figures, printed=printed)


def exactly(what: str, claimed: float, reproduced: float, unit: str = "", note: str = "") -> Figure:
    """The same number; for counts and exact arithmetic."""
    return Figure(what=what, claimed=claimed, reproduced=reproduced, unit=unit, note=note, comparison="equal")


def within(what: str, claimed: float, reproduced: float, tolerance: float, unit: str = "", note: str = "") -> Figure:
    """A number no further from the claimed one than a share of it."""
    return Figure(
        what=what,
        claimed=claimed,
        reproduced=float(reproduced),
        tolerance=tolerance,
        unit=unit,
        note=note,
        comparison="within",
    )


def below(what: str, limit: float, value: float, unit: str = "", note: str = "") -> Figure:
    """A value that must not exceed a limit."""
    return Figure(what=what, claimed=limit, reproduced=float(value), unit=unit, note=note, comparison="below")


def above(what: str, limit: float, value: float, unit: str = "", note: str = "") -> Figure:
    """A value that must not fall short of a limit."""
    return Figure(what=what, claimed=limit, reproduced=float(value), unit=unit, note=note, comparison="above")


def misprint(what: str, printed: float, reproduced: float, unit: str = "", note: str = "") -> Figure:
    """A printed figure that does not follow: more than 1 % away from what its own inputs give."""
    return Figure(
        what=what,
        claimed=printed,
        reproduced=float(reproduced),
        tolerance=0.01,
        unit=unit,
        note=note,
        comparison="differs",
    )


def holds(what: str, value: bool, note: str = "") -> Figure:
    """A statement that must be true."""
    return Figure(what=what, claimed=True, reproduced=bool(value), note=note, comparison="holds")


def claim(text: str, ref: str, kind: Evidence = Evidence.PUBLISHED) -> Claim:
    """A claim and where it stands."""
    return Claim(text=text, source=Source(kind=kind, ref=ref))
