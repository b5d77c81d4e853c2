"""The contract of a technique: parameters, what it changes, and where it comes from.

A technique is one frozen dataclass in one file, named `TECHNIQUE` there with its default parameters; fields are its
parameters. `effects()` is what the predictor reads, without PyTorch. The second face, the algorithm on a real model,
arrives with the lab; until then `interlock techniques` says "predicted only".
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, fields, replace
from typing import ClassVar

from interlock.effects import Effect
from interlock.errors import InputError, shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Technique(ABC):
    """One way to make a model cheaper."""

    title: ClassVar[str]
    paper: ClassVar[str]

    @abstractmethod
    def effects(self) -> tuple[Effect, ...]:
        """What it changes, for the predictor."""

    def with_parameters(self, text: str, where: str) -> Technique:
        """The technique with parameters from "bits=3,group_size=64".

        Raises:
            InputError: a parameter it does not have, or a value that is not of its type.
        """
        known = {item.name: getattr(self, item.name) for item in fields(self)}
        changes: dict[str, int | str] = {}
        for part in text.split(","):
            key, equals, value = part.partition("=")
            key = key.strip().replace("-", "_")
            if not equals or key not in known:
                raise InputError(where, shown(part), f"parameters among {', '.join(known) or 'none'}, as key=value")
            if isinstance(known[key], int) and not re.fullmatch(r"[0-9]{1,9}", value.strip()):
                raise InputError(where, shown(part), f"a whole number for {key}")
            changes[key] = int(value) if isinstance(known[key], int) else value.strip()
        return replace(self, **changes)


def integer_format(bits: int, group_size: int, *, asymmetric: bool = False) -> str:
    """The name of an integer format; a group of 0 is one scale a channel."""
    if group_size == 0:
        return f"int{bits}"
    return f"int{bits}-g{group_size}{'-asym' if asymmetric else ''}"
