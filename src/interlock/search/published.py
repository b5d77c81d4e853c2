"""Perplexities that others print of techniques: tables, each with its source.

keeps: a table's losses are of one text at one length of window; nothing is compared across tables. Printed digits are
       taken as rounded: an interval of half a digit on both perplexities.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from pydantic import TypeAdapter

from interlock.catalogue import DATA
from interlock.effects import ActivationFormat, Effect, KVFormat, WeightFormat
from interlock.errors import UnknownNameError
from interlock.evidence import Source
from interlock.files import check, read_toml
from interlock.techniques.base import Technique
from interlock.techniques.registry import technique

ORIGINAL: Final = "original"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A technique with its parameters; the formats are told where it is not one of ours."""

    technique: str
    weight_format: str = ""
    activation_format: str = ""
    kv_format: str = ""

    @property
    def label(self) -> str:
        """Name and parameters, for people."""
        return self.technique.replace(":", " ", 1).replace(",", " ")

    @property
    def ours(self) -> Technique | None:
        """The technique of that name here."""
        try:
            return technique(self.technique)
        except UnknownNameError:
            return None

    def effects(self) -> tuple[Effect, ...]:
        """What it does to formats."""
        if (ours := self.ours) is not None:
            return ours.effects()
        made: list[Effect] = [WeightFormat(self.weight_format)] if self.weight_format else []
        made += [ActivationFormat(self.activation_format)] if self.activation_format else []
        return (*made, *([KVFormat(self.kv_format)] if self.kv_format else []))


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedTable:
    """Perplexities by model and setting, the original's under "original"; `digits` are printed behind the point."""

    text: str
    context: int
    digits: int
    settings: Mapping[str, Setting]
    perplexity: Mapping[str, Mapping[str, float]]
    sources: Mapping[str, Source]
    checkpoints: Mapping[str, str] = field(default_factory=dict)

    @property
    def reference(self) -> str:
        """Where it stands, and what was read."""
        return f"{self.sources['perplexity'].ref}; {self.text}, {self.context} tokens"

    def loss(self, model: str, setting: str) -> tuple[float, float, float]:
        """The relative rise of perplexity, with the ends that rounding leaves open."""
        told, original = self.perplexity[model][setting], self.perplexity[model][ORIGINAL]
        half = 0.5 * 10.0**-self.digits
        return told / original - 1, (told - half) / (original + half) - 1, (told + half) / (original - half) - 1


_READER: TypeAdapter[PublishedTable] = TypeAdapter(PublishedTable)


@cache
def published_tables() -> tuple[PublishedTable, ...]:
    """All tables, by the names of their files."""
    return tuple(check(_READER, read_toml(path), str(path)) for path in sorted((DATA / "quality").glob("*.toml")))
