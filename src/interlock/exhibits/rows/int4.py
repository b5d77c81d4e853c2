"""INT4: two to a byte, and what group scales add."""

import numpy as np

from interlock.exhibits.base import Reproduction, claim, exactly, misprint, reproduction, within
from interlock.exhibits.mobile import size_gb
from interlock.numerics import number_format

CLAIM = claim("0.5 byte a parameter; 13 billion printed as 7.5 GB", "the mobile slides, model size")


def pack(codes: np.ndarray) -> np.ndarray:
    """Codes from -8 to 7, two a byte, the first in the low half."""
    low, high = codes[0::2] & 15, codes[1::2] & 15
    packed: np.ndarray = (low | (high << 4)).astype(np.uint8)
    return packed


def unpack(packed: np.ndarray) -> np.ndarray:
    """The codes again, signs restored."""
    wide = packed.astype(np.int64)
    both = np.stack([wide & 15, wide >> 4], axis=1).reshape(-1)
    return np.where(both > 7, both - 16, both)


def run() -> Reproduction:
    """Packing is lossless; groups of 128 with an FP16 scale take 4.125 bits, beside the ideal of 4."""
    codes = np.random.default_rng(0).integers(-8, 8, 2**16)
    scales = np.zeros(len(codes) // 128, dtype=np.float16)
    stored = (pack(codes).nbytes + scales.nbytes) * 8 / len(codes)
    return reproduction(
        exactly("codes that survive packing", len(codes), int((unpack(pack(codes)) == codes).sum())),
        exactly("bits a parameter in groups of 128, stored", number_format("int4-g128").bits, stored, "bit"),
        exactly("bits a parameter, ideal", 4, number_format("int4").bits, "bit"),
        exactly("13 billion parameters, ideal", 6.5, size_gb(13, "int4"), "GB"),
        within("13 billion parameters in groups of 128", 6.703, 13 * stored / 8, 0.001, "GB"),
        misprint("13 billion, printed 7.5 GB", 7.5, size_gb(13, "int4"), "GB"),
    )
