"""The contract of a codec: an array becomes bytes, and bytes become an array, exactly as the format says.

idea:  `encode` gives what lies in memory, part by part, as packed bytes; `decode` reads nothing but those bytes, the
       shape and the axis; `quantize` gives the same numbers as `decode(encode(x))`, bit for bit, without making the
       bytes.
keeps: `parts` grow with the number of elements, and are what `NumberFormat.bits` counts; `once` is stored once a
       tensor or channel (scales, tables), which `NumberFormat` does not count. Tensors of PyTorch go in and come out
       as tensors.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from interlock.errors import InputError
from interlock.numerics.arrays import Bytes, Floats, entering


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """A stored array. `dtype`: the type that decoding gives, float32 or float64."""

    codec: str
    shape: tuple[int, ...]
    axis: int
    dtype: str
    parts: Mapping[str, Bytes]
    once: Mapping[str, Bytes] = field(default_factory=dict)

    @property
    def elements(self) -> int:
        """Numbers stored."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def counted_bytes(self) -> int:
        """Bytes of what grows with the number of elements."""
        return sum(part.nbytes for part in self.parts.values())

    @property
    def stored_bytes(self) -> int:
        """All bytes."""
        return self.counted_bytes + sum(part.nbytes for part in self.once.values())

    @property
    def bits(self) -> float:
        """Bits stored for one element, all parts included."""
        return 8 * self.stored_bytes / max(self.elements, 1)


class Codec(ABC):
    """A number format that computes. `name`: what `codec(name)` calls it, and `number_format(name)` if planned."""

    __slots__ = ()
    name: str

    def encode(self, x: Any, axis: int = -1) -> Encoded:
        """The bytes of an array; groups and channels run along `axis`.

        Raises:
            InputError: no such axis.
        """
        return self._encode(entering(x)[0], axis)

    def decode(self, stored: Encoded) -> Floats:
        """The numbers that bytes stand for.

        Raises:
            InputError: bytes of another codec.
        """
        if stored.codec != self.name:
            raise InputError("encoded array", f"bytes of {stored.codec}", f"bytes of {self.name}")
        return self._decode(stored)

    def quantize(self, x: Any, axis: int = -1) -> Any:
        """What decoding the bytes of an array gives, as an array or tensor of the type that came in.

        Raises:
            InputError: no such axis.
        """
        array, back = entering(x)
        return back(self._quantize(array, axis))

    @abstractmethod
    def _encode(self, x: Floats, axis: int) -> Encoded: ...

    @abstractmethod
    def _decode(self, stored: Encoded) -> Floats: ...

    @abstractmethod
    def _quantize(self, x: Floats, axis: int) -> Floats: ...

    @abstractmethod
    def levels(self) -> Floats | None:
        """The distinct numbers that an element can be before scaling, sorted; None where they depend on the data."""
