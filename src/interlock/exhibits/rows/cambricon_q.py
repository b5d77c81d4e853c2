"""Cambricon-Q: statistics of each block in one pass, and updates beside the memory."""

import numpy as np

from interlock.exhibits.base import Reproduction, below, claim, exactly, holds, reproduction, within
from interlock.exhibits.model_size import parameters
from interlock.exhibits.tiny_training import Scheme, reference_loss, train
from interlock.numerics.cambricon_q import CambriconQCodec

CLAIM = claim("4.20 times a GPU and 1.70 times a TPU at under 0.4 % accuracy loss", "Zhao et al. 2021, Cambricon-Q")


def update_bytes(count: int, *, beside_memory: bool) -> int:
    """Bytes over the bus for one update with two moments: fp32 weight and moments there and back, or gradients alone.

    Beside the memory, weights and moments never cross the bus: an 8-bit gradient goes in, an 8-bit weight comes out.
    """
    weight, moments, gradient, narrow = 4, 8, 4, 1
    return count * (2 * narrow if beside_memory else 2 * (weight + moments) + gradient)


def run() -> Reproduction:
    """Traffic of the update, and a small language model trained with everything quantized by its own block."""
    made, count = CambriconQCodec(), parameters("gpt-2")
    x = np.random.default_rng(0).standard_t(3, (4, 4096)).astype(np.float32)
    alone = np.concatenate([made.quantize(x[:, start : start + 1024]) for start in range(0, 4096, 1024)], axis=1)
    bus = [update_bytes(count, beside_memory=beside) for beside in (False, True)]
    return reproduction(
        exactly("bytes over the bus for a parameter's update, at the processor", 28, bus[0] / count, "B"),
        exactly("and beside the memory", 2, bus[1] / count, "B"),
        within("share of the bus's bytes that is removed", 1 - 2 / 28, 1 - bus[1] / bus[0], 1e-9),
        holds("a block is quantized by its own statistics: cut apart, the same numbers", bool((alone ==
        made.quantize(x)).all())), below("squared error of four ways over one, worst block",
              1.000001, float(np.max(_errors(CambriconQCodec(bits=4), x) / _errors(CambriconQCodec(bits=4, ways=1),
              x)))),
        within("loss of training in 8 bits over FP32's", 1.0,
               train(Scheme(forward=made.quantize, backward=made.quantize)).loss / reference_loss(), 0.01),
    )  # fmt: skip


def _errors(made: CambriconQCodec, x: np.ndarray) -> np.ndarray:
    gap: np.ndarray = (made.quantize(x) - x).astype(np.float64)
    total: np.ndarray = np.square(gap).reshape(-1, 1024).sum(axis=1)
    return total
