"""The contract of a scale rule, and scales stored as plain floats.

idea:  from the largest magnitude of each group a rule makes stored bytes and the factors that those bytes stand for.
keeps: the factor is what the bytes decode to, never the unrounded one, so that encoding sees what decoding will see.
       A group of zeros has a factor of 1; a group with NaN has a factor of NaN.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from interlock.numerics.arrays import Bytes, Floats
from interlock.numerics.elements import Element
from interlock.numerics.packing import bytes_as_floats, floats_as_bytes

Stored = Mapping[str, Bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Factors:
    """What a rule found. `up` multiplies numbers when decoding; `down`, where given, replaces dividing by `up`."""

    up: Floats
    down: Floats | None = None
    parts: Stored = field(default_factory=dict)
    once: Stored = field(default_factory=dict)


class ScaleRule(ABC):
    """How groups are scaled, and what is stored of it."""

    __slots__ = ()

    @abstractmethod
    def fit(self, largest: Floats, element: Element) -> Factors:
        """Factors for groups from their largest magnitudes, in the type of `largest`."""

    @abstractmethod
    def read(self, parts: Stored, once: Stored, dtype: str) -> Floats:
        """The factors `up` from bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoScale(ScaleRule):
    """Numbers are stored as they are."""

    def fit(self, largest: Floats, element: Element) -> Factors:
        """One for every group."""
        return Factors(up=np.ones_like(largest))

    def read(self, parts: Stored, once: Stored, dtype: str) -> Floats:
        """One for every group."""
        return np.ones(1, dtype=dtype)


@dataclass(frozen=True, slots=True, kw_only=True)
class FloatScale(ScaleRule):
    """The largest magnitude over the largest number of the element, stored as a float.

    `counted`: one a group, so that it grows with the elements; otherwise it is stored once a channel or tensor.
    `whole_range`: divide by this instead of the element's largest number.
    """

    stored_as: Literal["float16", "float32"] = "float32"
    counted: bool = True
    whole_range: float | None = None

    def fit(self, largest: Floats, element: Element) -> Factors:
        """Factors rounded to the stored type; those too small for it are its smallest number, never 0."""
        kind = largest.dtype.type
        limits = np.finfo(self.stored_as)
        wanted = largest / kind(self.whole_range or element.largest)
        wanted = np.clip(wanted, kind(limits.smallest_subnormal), kind(limits.max))
        stored = np.where(largest == 0, kind(1), wanted).astype(self.stored_as)
        bytes_ = {"scales": floats_as_bytes(stored, self.stored_as)}
        up = stored.astype(largest.dtype)
        return Factors(up=up, parts=bytes_) if self.counted else Factors(up=up, once=bytes_)

    def read(self, parts: Stored, once: Stored, dtype: str) -> Floats:
        """The stored floats."""
        held = (parts if self.counted else once)["scales"]
        return bytes_as_floats(held, self.stored_as).astype(dtype)
