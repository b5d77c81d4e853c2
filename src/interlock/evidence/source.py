"""Evidence classes and sources.

keeps: a number without a source does not enter the catalogue; an estimate reports the weakest class it used.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Evidence(StrEnum):
    """How a number is known, strongest first."""

    MEASURED_HERE = "measured here"
    MEASURED = "measured by others"
    CALIBRATED = "calibrated"
    DATASHEET = "datasheet"  # a vendor's specification, read in a public source
    DERIVED = "derived"  # arithmetic from other sourced values
    FIRST_PRINCIPLES = "first principles"
    PUBLISHED = "published claim"
    RECALLED = "recalled"  # general knowledge of a public document that was not read again
    ASSUMED = "assumed"  # the user's what-if, or a stated default where nothing is published


_ORDER = {evidence: rank for rank, evidence in enumerate(Evidence)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One origin of one or several numbers."""

    kind: Evidence
    ref: str
    note: str = ""


def weakest(classes: Iterable[Evidence]) -> Evidence | None:
    """The weakest of several evidence classes; None of none."""
    return max(classes, key=_ORDER.__getitem__, default=None)
