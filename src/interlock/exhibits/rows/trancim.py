"""TranCIM: energy of a token from its efficiency, and bit-serial products in memory."""

import numpy as np

from interlock.exhibits.base import Reproduction, above, below, claim, exactly, holds, reproduction, within
from interlock.exhibits.facts import fact
from interlock.models import Formats, lower, model, prefill, scheme
from interlock.operators.operator import total

CLAIM = claim("20.5 TOPS/W (INT8), 15.59 uJ a token on BERT-base", "the survey, Table II; Tu et al., ISSCC 2022, title")


def bit_serial(x: np.ndarray, w: np.ndarray, bits: int = 8) -> np.ndarray:
    """x (m, k) times w (k, n), one bit of x at a time: a column adds up the weights whose input bit is set."""
    unsigned = x.astype(np.int64) & (2**bits - 1)
    total = np.zeros((len(x), w.shape[1]), dtype=np.int64)
    for bit in range(bits):
        plane = (unsigned >> bit) & 1
        total += (plane @ w.astype(np.int64)) * (-(2**bit) if bit == bits - 1 else 2**bit)
    return total


def run() -> Reproduction:
    """BERT-base's operations a token over the efficiency, within a factor of two of the published energy."""
    operators = lower(model("bert-base"), prefill(1.0, 512.0), Formats.of(scheme("int8", "int8")))
    work = float(total(operators, "flop")) / 512
    energy, published = work / (fact("trancim-efficiency").value * 1e12) * 1e6, fact("trancim-energy").value
    rng = np.random.default_rng(3)
    x, w = rng.integers(-128, 128, (16, 64)), rng.integers(-128, 128, (64, 24))
    return reproduction(
        within("operations a token, 85 million weights and attention", 0.189, work / 1e9, 0.02, "GOP"),
        above("energy a token, at least half of the published", published / 2, energy, "uJ"),
        below("energy a token, at most twice the published", published * 2, energy, "uJ"),
        exactly("wrong elements of a bit-serial INT8 product", 0, int((bit_serial(x, w) != x @ w).sum())),
        holds("seven bits of eight are not enough", bool((bit_serial(x, w, 7) != x @ w).any())),
    )
