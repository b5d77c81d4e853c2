"""FP6-LLM: six bits kept as two and four, so that both parts are aligned words."""

import numpy as np

from interlock.exhibits.base import Reproduction, below, claim, exactly, reproduction, within
from interlock.exhibits.language_model import held_out, language_model
from interlock.exhibits.model_size import weights_bytes
from interlock.numerics import codec, number_format
from interlock.numerics.packing import join_six, split_six
from interlock.numerics.small_floats import FLOATS

CLAIM = claim("a 70B model on one GPU, 1.69 to 2.65 times FP16's throughput", "Xia et al. 2024, FP6-LLM, abstract")

# E3M2 of OCP Microscaling Formats 1.0: quarters of 1/4, then four steps in each octave from 1/4 to 16.
TABLE = [0, 0.0625, 0.125, 0.1875, *(2.0**power * (1 + step / 4) for power in range(-2, 5) for step in range(4))]


def run() -> Reproduction:
    """Both streams, their size, the table of E3M2, and what the format does to the shipped model."""
    codes = np.random.default_rng(0).integers(0, 64, 2**16).astype(np.uint8)
    upper, lower = split_six(codes)
    e3m2, model, windows = FLOATS["fp6-e3m2"], language_model(), held_out(3)
    table = e3m2.table()
    same = (table == np.array([*TABLE, *(-value for value in TABLE)])) & (np.signbit(table) == (np.arange(64) > 31))
    rounded = model.with_weights(codec("fp6-e3m2").quantize).perplexity(windows) / model.perplexity(windows)
    return reproduction(
        exactly("codes that survive both streams", len(codes), int((join_six(upper, lower, len(codes)) ==
        codes).sum())), exactly("bits a code in both streams", 6, (upper.nbytes + lower.nbytes) * 8 / len(codes),
        "bit"), exactly("bytes over FP16's", 0.375, number_format("fp6-e3m2").bytes / number_format("fp16").bytes),
        exactly("codes of E3M2 with the value of the published table", 64, int(same.sum()),
                note="the tests compare every code and rounding with ml_dtypes and gfloat, too"),
        exactly("largest value of E3M2", 28, e3m2.largest),
        exactly("smallest above zero", 0.0625, e3m2.smallest),
        below("perplexity of the shipped model's weights in FP6 over FP32's", 1.02, rounded),
        within("Llama 2 70B, embeddings at 16 bits", 52.5, weights_bytes("llama-2-70b", "fp6-e3m2") / 1e9, 0.01, "GB"),
    )  # fmt: skip
