"""Codes of any width as bytes, without gaps, and back.

keeps: little-endian: the first code is in the lowest bits of the first byte. n codes of b bits take ceil(n b / 8)
       bytes. The split storage of FP6-LLM keeps the upper 2 bits and the lower 4 bits of each code in two aligned
       streams.
source: Xia et al. 2024, FP6-LLM, section 5 (ahead-of-time bit-level pre-packing; departs: the streams are in order, not
        in the order in which the 32 threads of a warp read them, which permutes words and changes no size).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from interlock.errors import InputError
from interlock.numerics.arrays import Bytes, Codes

_WHOLE: Final = {8: np.uint8, 16: np.uint16, 32: np.uint32, 64: np.uint64}


def packed_size(count: int, bits: int) -> int:
    """Bytes that so many codes take."""
    return -(-count * bits // 8)


def pack(codes: Codes, bits: int) -> Bytes:
    """Codes in order, each in its lowest `bits` bits; higher bits of a code must be zero.

    Raises:
        InputError: a width that is not from 1 to 64.
    """
    _check(bits)
    flat = np.ascontiguousarray(codes).reshape(-1)
    if bits in _WHOLE:
        return flat.astype(f"<u{bits // 8}", copy=False).view(np.uint8)
    if bits > 8:
        planes = np.unpackbits(flat.astype("<u8").view(np.uint8).reshape(-1, 8), axis=1, bitorder="little")
        return np.packbits(planes[:, :bits].reshape(-1), bitorder="little")
    padded = np.zeros(-(-flat.size // 8) * 8, dtype=np.uint8)
    padded[: flat.size] = flat
    lanes = padded.reshape(-1, 8)  # eight codes fill `bits` whole bytes
    words = np.zeros(len(lanes), dtype="<u8")
    for place in range(8):
        words |= lanes[:, place].astype(np.uint64) << np.uint64(bits * place)
    streams = words.view(np.uint8).reshape(-1, 8)[:, :bits].reshape(-1)
    return np.ascontiguousarray(streams[: packed_size(flat.size, bits)])


def unpack(stored: Bytes, bits: int, count: int) -> Codes:
    """The first `count` codes again, as the narrowest unsigned integers that hold them.

    Raises:
        InputError: a width that is not from 1 to 64, or fewer bytes than so many codes take.
    """
    _check(bits)
    size = packed_size(count, bits)
    if stored.size < size:
        raise InputError("packed codes", f"{stored.size} bytes", f"{size} bytes for {count} codes of {bits} bits")
    if bits in _WHOLE:
        return np.ascontiguousarray(stored[:size]).view(f"<u{bits // 8}")
    if bits > 8:
        planes = np.unpackbits(stored[:size], bitorder="little")[: count * bits].reshape(count, bits)
        wide = np.zeros((count, 64), dtype=np.uint8)
        wide[:, :bits] = planes
        words = np.packbits(wide, axis=1, bitorder="little").view("<u8").reshape(-1)
        return words.astype(np.uint16 if bits < 16 else np.uint32 if bits < 32 else np.uint64)
    groups = -(-count // 8)
    lanes = np.zeros((groups, 8), dtype=np.uint8)
    room = np.zeros(groups * bits, dtype=np.uint8)
    room[:size] = stored[:size]
    lanes[:, :bits] = room.reshape(groups, bits)
    words = lanes.view("<u8").reshape(-1)
    mask = np.uint64(2**bits - 1)
    codes = np.empty((groups, 8), dtype=np.uint8)
    for place in range(8):
        codes[:, place] = (words >> np.uint64(bits * place)) & mask
    return codes.reshape(-1)[:count]


def split_six(codes: Codes) -> tuple[Bytes, Bytes]:
    """6-bit codes as two streams: the upper 2 bits (sign and first exponent bit) and the lower 4."""
    return pack(codes >> 4, 2), pack(codes & 15, 4)


def join_six(upper: Bytes, lower: Bytes, count: int) -> Codes:
    """The 6-bit codes of two streams."""
    return (unpack(upper, 2, count) << 4) | unpack(lower, 4, count)


def floats_as_bytes(values: NDArray[np.floating], dtype: str) -> Bytes:
    """Numbers stored as they are, in "float16", "float32" or "float64"."""
    return np.ascontiguousarray(values, dtype=np.dtype(dtype).newbyteorder("<")).reshape(-1).view(np.uint8)


def bytes_as_floats(stored: Bytes, dtype: str) -> NDArray[np.floating]:
    """Numbers stored as they are, again."""
    return np.ascontiguousarray(stored).view(np.dtype(dtype).newbyteorder("<")).astype(dtype)


def _check(bits: int) -> None:
    if not 1 <= bits <= 64:
        raise InputError("bits", str(bits), "a width of 1 to 64 bits")
