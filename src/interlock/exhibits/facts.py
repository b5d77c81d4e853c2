"""Single published figures that exhibits compare with: `data/exhibits/*.toml`, each with its unit and source."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from interlock.catalogue import DATA
from interlock.evidence import Evidence, Source
from interlock.exhibits.base import Claim
from interlock.files import read_toml


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One figure as somebody published it."""

    name: str
    what: str
    value: float
    unit: str
    source: Source


@cache
def table(file: str) -> dict[str, Any]:
    """A file of `data/exhibits/`."""
    return read_toml(DATA / "exhibits" / f"{file}.toml")


@cache
def fact(name: str, file: str = "facts") -> Fact:
    """A figure of `data/exhibits/facts.toml`, or of another file of its form, by name."""
    entry = table(file)[name]
    return Fact(
        name=name, what=entry["what"], value=entry["value"], unit=entry["unit"], source=source_of(entry["source"])
    )


def source_of(entry: dict[str, str]) -> Source:
    """A source as the files write it."""
    return Source(kind=Evidence(entry["kind"]), ref=entry["ref"], note=entry.get("note", ""))


def claimed(name: str) -> Claim:
    """A fact as the claim of an exhibit."""
    found = fact(name)
    return Claim(text=f"{found.what}: {found.value:g} {found.unit}", source=found.source)
