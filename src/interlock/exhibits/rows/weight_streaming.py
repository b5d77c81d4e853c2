"""Weight streaming: weights flow past activations that stay; a large enough batch hides the stream."""

import numpy as np

from interlock.exhibits.base import Reproduction, claim, exactly, holds, reproduction, within
from interlock.exhibits.datasheet import peak
from interlock.exhibits.model_size import parameters, weights_bytes
from interlock.hardware import chip

CLAIM = claim(
    "weights stream from MemoryX while activations stay on the wafer", "the survey, IV-E; Cerebras, weight streaming"
)


def step_time(tokens: float, name: str = "llama-2-70b") -> float:
    """Seconds of one forward pass over a batch: the longer of arithmetic and stream."""
    stream = chip("wse-2").memories["host"].bandwidth or float("nan")
    return max(2 * parameters(name) * tokens / peak("wse-2", "fp16"), weights_bytes(name) / stream)


def run() -> Reproduction:
    """Step time against batch: flat, then proportional, with the corner where both are equal."""
    stream = chip("wse-2").memories["host"].bandwidth or float("nan")
    corner = peak("wse-2", "fp16") / stream  # 2 FLOP and 2 bytes a parameter
    sizes = [2.0**power for power in range(24)]
    times = [step_time(size) for size in sizes]
    hidden = next(size for size, time in zip(sizes, times, strict=True) if time > times[0])
    return reproduction(
        within("bytes over 150 GB/s: the flat part", weights_bytes("llama-2-70b") / 150e9, times[0], 1e-9, "s"),
        within("tokens at the corner: peak over stream", 49_867, corner, 0.001),
        exactly("first power of two that hides the stream", 2.0 ** np.ceil(np.log2(corner)), hidden, "token"),
        within("twice the tokens beyond it", 2.0, step_time(4 * hidden) / step_time(2 * hidden), 1e-9),
        holds("never faster than either", all(t >= times[0] for t in times)),
    )
