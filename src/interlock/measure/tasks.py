"""What is measured: products from one row to square ones, passes over arrays in and beyond the caches, small calls.

idea: sizes are drawn by a seed, log-uniformly, a few of them odd; the largest are bounded by what a share of the time
      allows on this machine, so that a slow one is measured with smaller products, not for longer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

_SMALLEST: Final = 4
_LARGEST: Final = 4096
_TINY: Final = (1, 4, 16)  # square products whose work is next to nothing
_PASSES: Final = ("add", "multiply-scalar", "relu")
_PASS_BYTES: Final = (1e3, 1e5, 3e6)  # of one operand: a call, a cache of a core, the last cache
_SHAPES: Final = ("row", "square", "skinny", "free")


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One thing to time: a product of sizes m, n, k, or a pass of a kind over m rows of n elements."""

    kind: str  # "product", or a kind of pass
    format: str
    m: int
    n: int
    k: int = 0

    def record(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {name: getattr(self, name) for name in self.__slots__}


def tasks(
    formats: tuple[str, ...],
    count: int,
    largest_flop: float,
    beyond_bytes: float,
    seed: int,
    element_bytes: dict[str, int],
) -> list[Task]:
    """About `count` tasks, those first that a chip cannot do without; passes beyond the caches take `beyond_bytes`."""
    random = np.random.default_rng(seed)
    found = {Task(kind="product", format=name, m=size, n=size, k=size) for name in formats for size in _TINY}
    first = formats[0]
    width = element_bytes[first]
    for kind in _PASSES:
        for size in (*_PASS_BYTES, beyond_bytes):
            rows = 1 if size < 1e4 else 64
            found.add(Task(kind=kind, format=first, m=rows, n=max(int(size / width) // rows, 1)))
    edge = int((beyond_bytes / width) ** 0.5) // 8 * 8
    for kind in ("stream-copy", "stream-dot"):
        found.add(Task(kind=kind, format=first, m=edge, n=edge))
    for name in formats:  # the largest square product, and one row against the largest matrix
        size = min(int((largest_flop / 2.0) ** (1 / 3)), _LARGEST) // 8 * 8
        found.add(Task(kind="product", format=name, m=size, n=size, k=size))
        found.add(Task(kind="product", format=name, m=1, n=min(edge, _LARGEST), k=min(edge, _LARGEST)))
    needed = _ordered(found, random)
    while len(found) < count:
        name = formats[0] if random.random() < 0.6 else str(random.choice(formats))
        m, n, k = _drawn(str(random.choice(_SHAPES)), random)
        if 2.0 * m * n * k <= largest_flop and n * k * element_bytes[name] <= beyond_bytes:
            found.add(Task(kind="product", format=name, m=m, n=n, k=k))
    return [*needed, *_ordered(found - set(needed), random)]


def _ordered(found: set[Task], random: np.random.Generator) -> list[Task]:
    """In an order drawn by the seed, so that a machine that warms up does so for all kinds alike."""
    ordered = sorted(found, key=lambda task: (task.kind, task.format, task.m, task.n, task.k))
    return [ordered[place] for place in random.permutation(len(ordered))]


def _drawn(shape: str, random: np.random.Generator) -> tuple[int, int, int]:
    n, k = (_size(random, 32, _LARGEST) for _ in range(2))
    if shape == "row":
        return 1, n, k
    if shape == "square":
        size = _size(random, _SMALLEST, _LARGEST)
        return size, size, size
    if shape == "skinny":
        return _size(random, 2, 32), n, k
    return _size(random, _SMALLEST, _LARGEST), n, k


def _size(random: np.random.Generator, least: int, most: int) -> int:
    """A size whose logarithm is uniform; three of four are multiples of 8, as in models, where they can be."""
    size = round(float(np.exp(random.uniform(np.log(least), np.log(most)))))
    return max(size // 8 * 8, 8) if size >= 8 and random.random() < 0.75 else size
