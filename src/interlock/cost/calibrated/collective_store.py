"""Fitted collectives as `data/calibrations/collective.json` holds them, with what they were fitted to.

idea:    what is left of the formula is a table a set: the logarithm of measured over formula by group and size, made
         when fitting, so that pricing is an interpolation.
keeps:   a file says its sources, licence, seed, split, rows, date and held-out errors; numbers have 5 digits.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from interlock.catalogue import DATA
from interlock.cost.calibrated.collective_sets import SetKey
from interlock.cost.calibrated.collective_terms import LinkFacts
from interlock.cost.calibrated.places import place_of, stored

SCHEMA: Final = 1
PATH: Final = DATA / "calibrations" / "collective.json"
SIZES: Final = np.arange(6.0, 32.0)  # log2 of the buffer's bytes at which the tables stand
CLASSES: Final = (2.0**16, 2.0**23)  # bytes of the buffer: bands are set apart for short, middle and long messages

Ends = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectiveSet:
    """One set: parameters of the formula, groups that were measured, what is left of it, logarithms of the band."""

    parameters: Mapping[str, float]
    groups: tuple[float, ...]
    left: Any  # (groups, SIZES)
    band: tuple[Ends, ...]
    held_out: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Collectives:
    """All sets. `unseen`: parameters for any chip by operation and kernel; `copies`: sets that repeat another."""

    fit: Mapping[str, Any]
    facts: Mapping[str, LinkFacts]  # by chip, as they stood when fitted
    sets: Mapping[SetKey, CollectiveSet]
    copies: Mapping[SetKey, SetKey]
    unseen: Mapping[tuple[str, str], Mapping[str, float]]
    unseen_band: Ends
    unseen_held_out: Mapping[str, float]


def collectives() -> Collectives:
    """The user's own fit, or what is shipped."""
    return _read_cached(*place_of(PATH.name))


@cache
def _read_cached(path: Path, _stamp: int) -> Collectives:
    return read_fitted(path)


def read_fitted(path: Path) -> Collectives:
    """Fitted collectives from a file.

    Raises:
        InputError: not such a file, or of another schema.
    """
    data = stored(path, SCHEMA)
    names = data["parameters"]
    return Collectives(
        fit=data["fit"],
        facts={name: LinkFacts(**value) for name, value in data["facts"].items()},
        sets={
            _key(text): CollectiveSet(
                parameters=dict(zip(names, value["parameters"], strict=True)),
                groups=tuple(value["groups"]),
                left=np.array(value["left"], np.float32),
                band=tuple((low, high) for low, high in value["band"]),
                held_out=value["held_out"],
            )
            for text, value in data["sets"].items()
        },
        copies={_key(text): _key(other) for text, other in data["copies"].items()},
        unseen={
            (text.split("|")[0], text.split("|")[1]): dict(zip(names, value, strict=True))
            for text, value in data["unseen"].items()
        },
        unseen_band=(data["unseen_band"][0], data["unseen_band"][1]),
        unseen_held_out=data["unseen_held_out"],
    )


def write_fitted(path: Path, found: Collectives) -> None:
    """Store fitted collectives, rounded."""
    names = list(next(iter(found.unseen.values())))
    data = {
        "schema": SCHEMA,
        "fit": dict(found.fit),
        "parameters": names,
        "facts": {name: asdict(value) for name, value in found.facts.items()},
        "unseen_band": _rounded(found.unseen_band),
        "unseen_held_out": {name: _rounded(value) for name, value in found.unseen_held_out.items()},
        "unseen": {"|".join(key): _rounded([value[n] for n in names]) for key, value in found.unseen.items()},
        "copies": {"|".join(key): "|".join(other) for key, other in found.copies.items()},
        "sets": {
            "|".join(key): {
                "parameters": _rounded([one.parameters[name] for name in names]),
                "groups": list(one.groups),
                "left": _rounded(np.round(one.left, 4)),
                "band": _rounded(one.band),
                "held_out": {name: _rounded(value) for name, value in one.held_out.items()},
            }
            for key, one in found.sets.items()
        },
    }
    path.write_text(json.dumps(data, indent=None, separators=(",", ":")).replace('},"', '},\n"') + "\n", "utf-8")


def _key(text: str) -> SetKey:
    chip, stack, operation, kernel = text.split("|")
    return chip, stack, operation, kernel


def _rounded(value: Any) -> Any:
    if isinstance(value, int):
        return value
    if np.ndim(value):
        return [_rounded(item) for item in value]
    return float(f"{float(value):.5g}")
