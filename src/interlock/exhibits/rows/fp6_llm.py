"""FP6-LLM: six bits kept as two and four, so that both parts are aligned words."""

import numpy as np

from interlock.exhibits.base import Reproduction, claim, exactly, reproduction, within
from interlock.exhibits.codec import FloatFormat
from interlock.exhibits.model_size import weights_bytes
from interlock.numerics import number_format

CLAIM = claim("a 70B model on one GPU, 1.69 to 2.65 times FP16's throughput", "Xia et al. 2024, FP6-LLM, abstract")
MISSING = "the comparison of the table with gfloat or ml-dtypes"


def split(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Words of sixteen 2-bit parts and of eight 4-bit parts."""
    two, four = (codes >> 4).astype(np.uint32), (codes & 15).astype(np.uint32)
    high = sum(two[place::16] << np.uint32(2 * place) for place in range(16))
    low = sum(four[place::8] << np.uint32(4 * place) for place in range(8))
    return np.asarray(high, dtype=np.uint32), np.asarray(low, dtype=np.uint32)


def join(high: np.ndarray, low: np.ndarray) -> np.ndarray:
    """The codes again."""
    two = np.stack([(high >> np.uint32(2 * place)) & 3 for place in range(16)], axis=1).reshape(-1)
    four = np.stack([(low >> np.uint32(4 * place)) & 15 for place in range(8)], axis=1).reshape(-1)
    return ((two << 4) | four).astype(np.int64)


def run() -> Reproduction:
    """Packing is lossless, six bits are 0.375 of sixteen, and the values of E3M2."""
    codes = np.random.default_rng(0).integers(0, 64, 2**16)
    high, low = split(codes)
    e3m2 = FloatFormat(exponent=3, mantissa=2, ieee=False)
    values = e3m2.decode(np.arange(32))
    return reproduction(
        exactly("codes that survive packing", len(codes), int((join(high, low) == codes).sum())),
        exactly("bits a code in words", 6, (high.nbytes + low.nbytes) * 8 / len(codes), "bit"),
        exactly("bytes over FP16's", 0.375, number_format("fp6-e3m2").bytes / number_format("fp16").bytes),
        exactly("largest value of E3M2", 28, float(values.max())),
        exactly("smallest above zero", 0.0625, float(values[1])),
        within("Llama 2 70B, embeddings at 16 bits", 52.5, weights_bytes("llama-2-70b", "fp6-e3m2") / 1e9, 0.01, "GB"),
    )
