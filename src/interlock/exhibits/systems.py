"""The catalogue of systems: the models, chips, techniques and ideas of the documents, and how far each is run here."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from typing import Literal

from interlock.catalogue import DATA, canonical
from interlock.errors import UnknownNameError
from interlock.exhibits.discovery import exhibit

Progress = Literal["works", "in part", "not yet"]


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """One row. `what`: what it does; `headline`: what is said of it; `check`: what must be shown for it to count."""

    id: str
    name: str
    family: str
    named_in: tuple[str, ...]
    what: str
    headline: str
    runs_as: str
    check: str

    @property
    def progress(self) -> Progress:
        """ "works" where an exhibit shows the whole check, "in part" where it shows some of it."""
        found = exhibit(self.id)
        if found is None:
            return "not yet"
        return "in part" if found.missing else "works"

    @property
    def status(self) -> str:
        """The progress in words: "in part" says what is missing."""
        found = exhibit(self.id)
        return f"in part: missing {found.missing}" if found is not None and found.missing else self.progress


@cache
def systems() -> tuple[System, ...]:
    """All systems, in the order of the catalogue."""
    with (DATA / "systems.tsv").open(encoding="utf-8", newline="") as file:
        return tuple(_system(row) for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def _system(row: dict[str, str]) -> System:
    named_in = tuple(row["named_in"].split(", "))
    return System(named_in=named_in, **{key: value for key, value in row.items() if key != "named_in"})


def system(name: str, where: str | None = None) -> System:
    """One system by its id.

    Raises:
        UnknownNameError: no such id; offers the closest ones.
    """
    known = {item.id: item for item in systems()}
    key = canonical(name)
    if key not in known:
        raise UnknownNameError("system", name, known, where)
    return known[key]


def families() -> tuple[str, ...]:
    """The families of systems, sorted."""
    return tuple(sorted({item.family for item in systems()}))
