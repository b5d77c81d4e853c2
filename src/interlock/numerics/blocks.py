"""Cutting an array into the groups that share a scale, and putting it together again.

keeps: the axis goes last, each row along it is cut by itself, and the last group of a row may be short: it is filled up
       with the row's last element, which changes neither a minimum nor a maximum, and never stored.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from interlock.errors import InputError
from interlock.numerics.arrays import Floats

Group = int | Literal["channel", "tensor"]
CHUNK: Final = 2**17  # elements worked on at once, so that what passes between operations stays in the cache


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """How an array of a shape is cut: by a number of elements along an axis, by whole rows, or not at all."""

    shape: tuple[int, ...]
    axis: int
    group: Group

    @property
    def rows(self) -> tuple[int, int]:
        """Rows, and the elements of each."""
        size = int(np.prod(self.shape, dtype=np.int64))
        if self.group == "tensor" or not self.shape:
            return 1, size
        length = self.shape[self.axis]
        return (size // length if length else 0), length

    @property
    def width(self) -> int:
        """Elements of a group; a row shorter than a group is one group."""
        length = max(self.rows[1], 1)
        return min(self.group, length) if isinstance(self.group, int) else length

    @property
    def count(self) -> int:
        """Groups."""
        rows, length = self.rows
        return rows * -(-length // self.width)

    @property
    def whole(self) -> bool:
        """Whether the groups divide their rows."""
        return self.rows[1] % self.width == 0

    def cut(self, x: NDArray[Any]) -> NDArray[Any]:
        """(groups, width); no copy where the array already lies so."""
        return self.filled(self.ordered(x))

    def ordered(self, x: NDArray[Any]) -> NDArray[Any]:
        """All elements in the order in which they are stored."""
        last = x if self.group == "tensor" or not self.shape else np.moveaxis(x, self.axis, -1)
        return np.ascontiguousarray(last).reshape(-1)

    def filled(self, flat: NDArray[Any]) -> NDArray[Any]:
        """Stored elements as groups."""
        rows, length = self.rows
        if self.whole:
            return flat.reshape(-1, self.width)
        short = -length % self.width
        return np.pad(flat.reshape(rows, length), ((0, 0), (0, short)), mode="edge").reshape(-1, self.width)

    def stored(self, groups: NDArray[Any]) -> NDArray[Any]:
        """Groups without what they were filled up with, in order."""
        rows, length = self.rows
        return groups.reshape(-1) if self.whole else groups.reshape(rows, -1)[:, :length].reshape(-1)

    def join(self, groups: NDArray[Any]) -> NDArray[Any]:
        """Groups as the array they were cut from."""
        return self.placed(self.stored(groups))

    def placed(self, flat: NDArray[Any]) -> NDArray[Any]:
        """Stored elements as the array."""
        if self.group == "tensor" or not self.shape:
            return flat.reshape(self.shape)
        axis = self.axis % len(self.shape)
        turned = (*self.shape[:axis], *self.shape[axis + 1 :], self.shape[axis])
        return np.ascontiguousarray(np.moveaxis(flat.reshape(turned), -1, axis))

    def chunks(self) -> Iterator[slice]:
        """Slices of groups that together hold about `CHUNK` elements; a larger group is a slice of its own."""
        step = max(CHUNK // self.width, 1)
        for start in range(0, self.count, step):
            yield slice(start, min(start + step, self.count))

    def pieces(self) -> Iterator[tuple[slice, slice]]:
        """Groups and places in them, about `CHUNK` elements at once; a large group comes in several pieces."""
        for part in self.chunks():
            for start in range(0, max(self.width, 1), CHUNK):
                yield part, slice(start, start + CHUNK)


def blocks(shape: tuple[int, ...], axis: int, group: Group) -> Blocks:
    """How an array is cut.

    Raises:
        InputError: an axis that the array does not have, or a group below 1.
    """
    if shape and not -len(shape) <= axis < len(shape):
        raise InputError("axis", str(axis), f"an axis of an array of {len(shape)} dimensions")
    if isinstance(group, int) and group < 1:
        raise InputError("group", str(group), "1 or more elements, channel or tensor")
    return Blocks(shape=tuple(shape), axis=axis if shape else 0, group=group)


def largest_magnitude(groups: Floats) -> Floats:
    """The largest magnitude of each group; NaN where it holds one, and where it holds an infinity.

    A group that cannot be scaled is not a number as a whole: no scale would keep the rest of it.
    """
    found = np.maximum(groups.max(axis=1, initial=0), -groups.min(axis=1, initial=0))
    return np.where(np.isinf(found), groups.dtype.type(np.nan), found)
