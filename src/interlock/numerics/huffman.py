"""Huffman codes: symbols in as few whole bits as their counts allow, decoded from the lengths of codes alone.

idea:    codes are canonical: sorted by length, then by symbol, each is the one before plus 1. A table of lengths, a
         byte a symbol, is all that a decoder needs. Bits run from the highest to the lowest of a code.
keeps:   entropy <= mean length < entropy + 1; a lone symbol takes one bit.
source:  Huffman 1952, A method for the construction of minimum-redundancy codes.
"""

from __future__ import annotations

import heapq
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from interlock.errors import InputError

Bytes = NDArray[np.uint8]
LONGEST = 24  # bits of a code that a decoder looks up at once


def code_lengths(counts: ArrayLike) -> Bytes:
    """The length of each symbol's code; 0 for symbols that do not occur."""
    known = np.asarray(counts, dtype=np.int64)
    lengths = np.zeros(len(known), dtype=np.uint8)
    heap = [(int(known[symbol]), symbol, [symbol]) for symbol in np.flatnonzero(known).tolist()]
    if len(heap) == 1:
        lengths[heap[0][1]] = 1
    heapq.heapify(heap)
    while len(heap) > 1:
        first, second = heapq.heappop(heap), heapq.heappop(heap)
        lengths[first[2] + second[2]] += 1
        heapq.heappush(heap, (first[0] + second[0], min(first[1], second[1]), first[2] + second[2]))
    if lengths.max(initial=0) > LONGEST:
        raise InputError("symbols", f"counts that need codes of {lengths.max()} bits", f"at most {LONGEST}")
    return lengths


def codes_of(lengths: Bytes) -> NDArray[np.uint32]:
    """The canonical code of each symbol."""
    codes = np.zeros(len(lengths), dtype=np.uint32)
    following, before = 0, 0
    for symbol in np.lexsort((np.arange(len(lengths)), lengths)).tolist():
        length = int(lengths[symbol])
        if length:
            following <<= length - before
            codes[symbol], before = following, length
            following += 1
    return codes


def encoded(symbols: ArrayLike, lengths: Bytes) -> Bytes:
    """The bit stream of symbols, padded with zeros to whole bytes."""
    each = np.asarray(symbols, dtype=np.int64).reshape(-1)
    size = lengths[each].astype(np.int64)
    start = np.cumsum(size) - size
    inside = np.arange(int(size.sum())) - np.repeat(start, size)
    shift = np.repeat(size, size) - 1 - inside
    bits = (np.repeat(codes_of(lengths)[each], size) >> shift.astype(np.uint32)) & 1
    return np.packbits(bits.astype(np.uint8))


def decoded(stream: Bytes, lengths: Bytes, count: int) -> NDArray[np.int64]:
    """The first `count` symbols of a stream."""
    longest = int(lengths.max(initial=1))
    bits = np.unpackbits(np.concatenate([stream, np.zeros(4, dtype=np.uint8)])).astype(np.uint32)
    window: NDArray[np.integer[Any]] = np.zeros(len(bits) - longest + 1, dtype=np.uint32)
    for place in range(longest):
        window = (window << np.uint32(1)) | bits[place : place + len(window)]
    known: NDArray[np.int64] = np.flatnonzero(lengths).astype(np.int64)
    order = known[np.lexsort((known, lengths[known]))]
    first = codes_of(lengths)[order].astype(np.uint64) << (longest - lengths[order]).astype(np.uint64)
    symbol = order[np.searchsorted(first, window.astype(np.uint64), side="right") - 1]
    steps, places, at = lengths[symbol].tolist(), np.empty(count, dtype=np.int64), 0
    for place in range(count):
        places[place] = at
        at += steps[at]
    return symbol[places]


def entropy_bits(counts: ArrayLike) -> float:
    """Bits that symbols of these counts take at least, all together."""
    known = np.asarray(counts, dtype=np.float64)
    known = known[known > 0]
    return float((known * np.log2(known.sum() / known)).sum())
