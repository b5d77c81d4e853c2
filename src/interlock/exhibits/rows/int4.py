"""INT4: two to a byte, and what group scales add."""

import numpy as np

from interlock.exhibits.base import Reproduction, claim, exactly, misprint, reproduction, within
from interlock.exhibits.mobile import size_gb
from interlock.numerics import codec, number_format
from interlock.numerics.packing import pack, unpack

CLAIM = claim("0.5 byte a parameter; 13 billion printed as 7.5 GB", "the mobile slides, model size")


def run() -> Reproduction:
    """Packing is lossless; groups of 128 with an FP16 scale take 4.125 bits, beside the ideal of 4."""
    codes = np.random.default_rng(0).integers(0, 16, 2**16).astype(np.uint8)
    stored = codec("int4-g128").encode(np.random.default_rng(1).standard_normal(2**16)).bits
    return reproduction(
        exactly("codes that survive packing", len(codes), int((unpack(pack(codes, 4), 4, len(codes)) == codes).sum())),
        exactly("bits a parameter in groups of 128, stored", number_format("int4-g128").bits, stored, "bit"),
        exactly("bits a parameter, ideal", 4, number_format("int4").bits, "bit"),
        exactly("13 billion parameters, ideal", 6.5, size_gb(13, "int4"), "GB"),
        within("13 billion parameters in groups of 128", 6.703, 13 * stored / 8, 0.001, "GB"),
        misprint("13 billion, printed 7.5 GB", 7.5, size_gb(13, "int4"), "GB"),
    )
