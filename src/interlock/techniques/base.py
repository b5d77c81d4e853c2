"""The contract of a technique: parameters, what it changes, and where it comes from.

A technique is one frozen dataclass in one file, named `TECHNIQUE` there with its default parameters; fields are its
parameters. `effects()` is what the predictor reads, without PyTorch. `apply()` is the algorithm on a real model; it
imports PyTorch and `interlock.surgery` when it is called, so that naming a technique loads neither.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, ClassVar

from interlock.effects import Effect
from interlock.errors import InputError, UnsupportedError, shown

if TYPE_CHECKING:
    from torch import nn

    from interlock.surgery.applied import Applied
    from interlock.surgery.calibration import Calibration

Parameter = bool | int | float | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Technique(ABC):
    """One way to make a model cheaper."""

    title: ClassVar[str]
    paper: ClassVar[str]

    @abstractmethod
    def effects(self) -> tuple[Effect, ...]:
        """What it changes, for the predictor."""

    def apply(self, model: nn.Module, calibration: Calibration | None = None) -> Applied:
        """Carry it out on a decoder of `transformers`. The given model is changed in place; copy it first to keep it.

        Args:
            model: in float32, in evaluation mode afterwards.
            calibration: tokens, for techniques that look at data; they refuse None.

        Raises:
            UnsupportedError: the algorithm is not here, or not for this architecture.
            InputError: no or unfit calibration, or a parameter that does not fit the model's shapes.
        """
        raise UnsupportedError(f"{self.title} is predicted only: its algorithm on a real model is not here yet")

    @property
    def runs(self) -> bool:
        """Whether there is an algorithm behind it."""
        return type(self).apply is not Technique.apply

    def with_parameters(self, text: str, where: str) -> Technique:
        """The technique with parameters from "bits=3,group_size=64".

        Raises:
            InputError: a parameter it does not have, or a value that is not of its type.
        """
        known = {item.name: getattr(self, item.name) for item in fields(self)}
        changes: dict[str, Parameter] = {}
        for part in text.split(","):
            key, equals, value = part.partition("=")
            key = key.strip().replace("-", "_")
            if not equals or key not in known:
                raise InputError(where, shown(part), f"parameters among {', '.join(known) or 'none'}, as key=value")
            changes[key] = _read(value.strip(), known[key], part, key, where)
        return replace(self, **changes)


_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def _read(value: str, like: Parameter, part: str, key: str, where: str) -> Parameter:
    """A value of the type of the default."""
    if isinstance(like, bool):
        if value.lower() not in _TRUTH:
            raise InputError(where, shown(part), f"true or false for {key}")
        return _TRUTH[value.lower()]
    if isinstance(like, int):
        if not re.fullmatch(r"[0-9]{1,9}", value):
            raise InputError(where, shown(part), f"a whole number for {key}")
        return int(value)
    if isinstance(like, float):
        if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", value):
            raise InputError(where, shown(part), f"a number for {key}")
        return float(value)
    return value


def integer_format(bits: int, group_size: int, *, asymmetric: bool = False) -> str:
    """The name of an integer format; a group of 0 is one scale a channel."""
    if group_size == 0:
        return f"int{bits}"
    return f"int{bits}-g{group_size}{'-asym' if asymmetric else ''}"
