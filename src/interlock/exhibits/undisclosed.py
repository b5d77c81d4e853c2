"""Models whose size or structure nobody published: what is known and since when, and a refusal to predict them."""

from __future__ import annotations

from interlock.exhibits.base import Claim, Figure, Reproduction, claim, holds, reproduction
from interlock.exhibits.facts import source_of, table
from interlock.exhibits.model_size import refuses


def disclosure(system: str) -> Claim:
    """What is known of a model, and where it is said."""
    entry = table("undisclosed")[system]
    source = source_of(entry["source"])
    return claim(f"{entry['known']} (as of {entry['as_of']})", source.ref, source.kind)


def undisclosed_figures(system: str) -> tuple[Figure, ...]:
    """The entry is dated and says what is not published, and no name of the model can be used for a prediction."""
    entry = table("undisclosed")[system]
    hidden = ", ".join(entry["undisclosed"])
    return (
        holds(f"{entry['status']}: {hidden}", bool(entry["undisclosed"]) and entry["as_of"].year >= 2020),
        *(holds(f"a prediction for {name!r} is refused", refuses(name)) for name in entry["names"]),
    )


def undisclosed(system: str) -> Reproduction:
    """The exhibit of a model that is undisclosed altogether."""
    return reproduction(*undisclosed_figures(system))
