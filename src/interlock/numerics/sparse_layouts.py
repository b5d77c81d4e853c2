"""Where the values of a sparse matrix lie: compressed rows, diagonals, and Flash-LLM's tiles, as real bytes.

symbols: W [rows, columns], z its non-zeros, T x T tiles. Values are bf16.
         CSR: z values, z columns of 16 bits, a 32-bit start for each row and one for the end.
         DIA: of every diagonal with a non-zero, `rows` values and its 32-bit distance from the main one.
         Tiled CSL: of every tile, its non-zeros as 32-bit words, 16 of value and 16 of the place inside the tile,
         padded to whole groups of `lanes` words (tiles at the edge with zeros); a 32-bit start for each tile and one
         for the end.
keeps:   `dense` of what was stored is the matrix in bf16, exactly.
source:  Saad 2003, Iterative methods for sparse linear systems, section 3.4 (CSR, DIA); Xia et al. 2023, Flash-LLM:
         Tiled-CSL, padded so that a warp loads whole vectors.
departs: Tiled CSL's words lie in the order of the tile's rows; the paper reorders them to avoid conflicts of banks.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from interlock.errors import InputError, UnknownNameError
from interlock.numerics.arrays import Floats

Words = NDArray[np.uint32]
Halves = NDArray[np.uint16]
LARGEST: Final = 65536  # places that 16 bits tell apart


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout(ABC):
    """A stored matrix."""

    rows: int
    columns: int

    @property
    @abstractmethod
    def nbytes(self) -> int:
        """All bytes."""

    @abstractmethod
    def dense(self) -> Floats:
        """The matrix, float32 [rows, columns]."""

    @abstractmethod
    def times(self, x: Floats) -> Floats:
        """W x of [columns] or [columns, batch], from what is stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompressedRows(Layout):
    """CSR."""

    values: Halves
    places: Halves
    starts: Words

    @staticmethod
    def of(weight: Floats) -> CompressedRows:
        """A matrix in compressed rows."""
        at, to = np.nonzero(_checked(weight))
        starts = np.searchsorted(at, np.arange(len(weight) + 1)).astype(np.uint32)
        return CompressedRows(rows=len(weight), columns=weight.shape[1], values=_halves(weight[at, to]),
                              places=to.astype(np.uint16), starts=starts)  # fmt: skip

    @property
    def nbytes(self) -> int:
        """Values, columns and starts."""
        return self.values.nbytes + self.places.nbytes + self.starts.nbytes

    def dense(self) -> Floats:
        """The matrix."""
        found = np.zeros((self.rows, self.columns), dtype=np.float32)
        found[np.repeat(np.arange(self.rows), np.diff(self.starts)), self.places] = _wide(self.values)
        return found

    def times(self, x: Floats) -> Floats:
        """One sum a row."""
        read = _wide(self.values)[:, None] * _flat(x)[self.places]
        return _sums(read, self.starts).reshape(self.rows, *x.shape[1:])


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagonals(Layout):
    """DIA."""

    values: Halves  # [diagonals, rows]
    offsets: NDArray[np.int32]

    @staticmethod
    def of(weight: Floats) -> Diagonals:
        """A matrix by its diagonals."""
        at, to = np.nonzero(_checked(weight))
        offsets = np.unique(to - at).astype(np.int32)
        values = np.zeros((len(offsets), len(weight)), dtype=np.float32)
        values[np.searchsorted(offsets, to - at), at] = weight[at, to]
        return Diagonals(rows=len(weight), columns=weight.shape[1], values=_halves(values), offsets=offsets)

    @property
    def nbytes(self) -> int:
        """Values and offsets."""
        return self.values.nbytes + self.offsets.nbytes

    def dense(self) -> Floats:
        """The matrix."""
        found = np.zeros((self.rows, self.columns), dtype=np.float32)
        for offset, line in zip(self.offsets.tolist(), _wide(self.values), strict=True):
            at = np.arange(max(0, -offset), min(self.rows, self.columns - offset))
            found[at, at + offset] = line[at]
        return found

    def times(self, x: Floats) -> Floats:
        """One shifted product a diagonal."""
        flat = _flat(x)
        found = np.zeros((self.rows, flat.shape[1]), dtype=np.float32)
        for offset, line in zip(self.offsets.tolist(), _wide(self.values), strict=True):
            rows = slice(max(0, -offset), min(self.rows, self.columns - offset))
            found[rows] += line[rows, None] * flat[rows.start + offset : rows.stop + offset]
        return found.reshape(self.rows, *x.shape[1:])


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiles(Layout):
    """Tiled CSL: loaded sparse, computed dense."""

    words: Words
    starts: Words
    tile: int
    lanes: int

    @staticmethod
    def of(weight: Floats, tile: int = 128, lanes: int = 8) -> Tiles:
        """A matrix in tiles.

        Raises:
            InputError: tiles whose places 16 bits do not tell apart.
        """
        rows, columns = _checked(weight).shape
        if lanes < 1 or not 1 <= tile * tile <= LARGEST:
            raise InputError("tile", f"{tile}, in groups of {lanes} words", "1 to 256, in groups of at least 1")
        whole = np.pad(weight, ((0, -rows % tile), (0, -columns % tile)))
        parts = whole.reshape(len(whole) // tile, tile, -1, tile).swapaxes(1, 2).reshape(-1, tile * tile)
        at, place = np.nonzero(parts)
        counts = np.bincount(at, minlength=len(parts))
        starts = np.concatenate([[0], np.cumsum(-(-counts // lanes) * lanes)]).astype(np.uint32)
        words = np.zeros(int(starts[-1]), dtype=np.uint32)  # a padding word adds 0 to place 0
        first = np.repeat(starts[:-1].astype(np.int64) - np.concatenate([[0], np.cumsum(counts)[:-1]]), counts)
        words[first + np.arange(len(at))] = _halves(parts[at, place]).astype(np.uint32) << 16 | place.astype(np.uint32)
        return Tiles(rows=rows, columns=columns, words=words, starts=starts, tile=tile, lanes=lanes)

    @property
    def nbytes(self) -> int:
        """Words and starts."""
        return self.words.nbytes + self.starts.nbytes

    def expanded(self, place: int) -> Floats:
        """One tile, dense, as shared memory holds it before the tensor cores read it."""
        words = self.words[self.starts[place] : self.starts[place + 1]]
        found = np.zeros(self.tile * self.tile, dtype=np.float32)
        np.add.at(found, words & 0xFFFF, _wide((words >> 16).astype(np.uint16)))
        return found.reshape(self.tile, self.tile)

    def dense(self) -> Floats:
        """The matrix."""
        tile, across = self.tile, -(-self.columns // self.tile)
        every = np.stack([self.expanded(place) for place in range(len(self.starts) - 1)])
        whole = every.reshape(-1, across, tile, tile).swapaxes(1, 2).reshape(-1, across * tile)
        return whole[: self.rows, : self.columns]

    def times(self, x: Floats) -> Floats:
        """Tile after tile expanded, then a dense product."""
        tile, across = self.tile, -(-self.columns // self.tile)
        flat = np.pad(_flat(x), ((0, across * tile - self.columns), (0, 0)))
        found = np.zeros((-(-self.rows // tile) * tile, flat.shape[1]), dtype=np.float32)
        for place in range(len(self.starts) - 1):
            row, column = divmod(place, across)
            part = self.expanded(place) @ flat[column * tile : (column + 1) * tile]
            found[row * tile : (row + 1) * tile] += part
        return found[: self.rows].reshape(self.rows, *x.shape[1:])


LAYOUTS: Final = {"csr": CompressedRows.of, "dia": Diagonals.of, "tiled-csl": Tiles.of}


def laid_out(name: str, weight: Floats) -> Layout:
    """A matrix in a layout by name.

    Raises:
        InputError: no such layout, or a matrix that does not fit it.
    """
    if name not in LAYOUTS:
        raise UnknownNameError("sparse layout", name, LAYOUTS, "layout")
    return LAYOUTS[name](weight)


def _checked(weight: Floats) -> Floats:
    if weight.ndim != 2 or max(weight.shape) > LARGEST or not np.isfinite(weight).all():
        raise InputError(
            "sparse layout", f"an array of shape {weight.shape}", "a finite matrix of at most 65536 a side"
        )
    return weight


def _halves(values: Floats) -> Halves:
    """bf16, rounded to even."""
    bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def _wide(halves: Halves) -> Floats:
    return (halves.astype(np.uint32) << 16).view(np.float32)


def _flat(x: Floats) -> Floats:
    return x.reshape(len(x), -1).astype(np.float32)


def _sums(read: Floats, starts: Words) -> Floats:
    """Sums of the stretches between starts, empty ones included."""
    running = np.concatenate([np.zeros((1, read.shape[1])), np.cumsum(read, axis=0, dtype=np.float64)])
    return np.diff(running[starts.astype(np.int64)], axis=0).astype(np.float32)
