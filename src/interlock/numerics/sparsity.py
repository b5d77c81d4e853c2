"""Sparsity patterns and what they store beside the kept values."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Sparsity:
    """A share of weights kept, and how their places are stored.

    N:M keeps n of every m and stores each kept value's place in ceil(log2 m) bits (NVIDIA 2:4 metadata: 2 bits);
    unstructured sparsity stores a bitmap of one bit an element.
    """

    name: str
    density: float = 1.0
    index_bits: float = 0.0  # a logical element, kept or not
    structured: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.density <= 1:
            raise ValueError("a density above 0 and at most 1")


DENSE: Final = Sparsity(name="dense")
_PATTERN: Final = re.compile(r"(\d+):(\d+)")
_DENSITY: Final = re.compile(r"(\d+(?:\.\d+)?)%")


def sparsity(text: str) -> Sparsity:
    """Read "2:4" (keep 2 of every 4) or "50%" (half of the weights are zero, anywhere).

    Raises:
        ValueError: neither form, or nothing would be kept; the text says what is accepted.
    """
    if match := _PATTERN.fullmatch(text):
        kept, of = int(match[1]), int(match[2])
        if not 0 < kept <= of <= 1024:
            raise ValueError(f"N:M sparsity with 0 < N <= M <= 1024, not {text}")
        density = kept / of
        return Sparsity(name=text, density=density, index_bits=density * math.ceil(math.log2(of)), structured=True)
    if match := _DENSITY.fullmatch(text):
        zero = float(match[1]) / 100
        if not 0 <= zero < 1:
            raise ValueError(f"a share of zeros from 0% to below 100%, not {text}")
        return Sparsity(name=text, density=1 - zero, index_bits=1.0)
    raise ValueError(f"sparsity such as 2:4 or 50%, not {text!r}")
