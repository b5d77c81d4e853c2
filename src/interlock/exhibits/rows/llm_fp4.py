"""LLM-FP4: four bits as floats whose split and range are searched, and channels' scales moved into exponent biases."""

import numpy as np

from interlock.exhibits.base import Reproduction, below, claim, exactly, holds, reproduction
from interlock.exhibits.language_model import language_model
from interlock.exhibits.measures import mean_square_error
from interlock.numerics import codec
from interlock.numerics.searched_floats import channel_exponents, shifted

CLAIM = claim("LLaMA-13B W4A4 averages 63.1 on zero-shot tasks, 5.8 below full precision", "Liu et al. 2023, LLM-FP4")


def identities(count: int = 200) -> int:
    """Products that are the same number with scales of channels and with shifted biases."""
    rng, same = np.random.default_rng(0), 0
    fp4 = codec("fp4-e2m1", group="tensor")
    for _ in range(count):
        x = rng.standard_normal((8, 32)) * 2.0 ** rng.integers(-4, 1, 32)
        weight = fp4.quantize(rng.standard_normal((32, 8)))
        exponents = channel_exponents(x)
        moved, folded = shifted(x, weight, exponents)
        low = fp4.quantize(moved)
        scaled = low * 2.0 ** exponents.astype(float)  # what a scale for each channel gives
        same += bool(np.array_equal((low[:, :, None] * folded).sum(axis=1), (scaled[:, :, None] * weight).sum(axis=1)))
    return same


def run() -> Reproduction:
    """The identity, and errors on the weights of the shipped model's first layer, a scale a channel."""
    model = language_model()
    weights = [model.weights[name] for name in model.linear_names()[:7]]  # one layer's
    total = {name: sum(mean_square_error(w, codec(name).quantize(w)) for w in weights)
             for name in ("llm-fp4", "fp4-e2m1", "int4")}  # fmt: skip
    rng = np.random.default_rng(1)
    x = rng.standard_normal((256, 128)) * 2.0 ** rng.integers(-3, 1, 128)
    moved = shifted(x, np.ones((128, 1)), exponents := channel_exponents(x))[0]
    plain = codec("llm-fp4", group="tensor")
    shifted_error = mean_square_error(x, plain.quantize(moved) * 2.0 ** exponents.astype(float))
    apart = shifted_error / mean_square_error(x, plain.quantize(x))
    return reproduction(
        exactly("of 200 products, those that a shifted bias leaves bit for bit the same", 200, identities()),
        holds("searched FP4 errs less than INT4 on the model's weights", total["llm-fp4"] < total["int4"]),
        below("its mean squared error over INT4's", 0.9, total["llm-fp4"] / total["int4"]),
        below("over that of E2M1 without a search", 1.0, total["llm-fp4"] / total["fp4-e2m1"]),
        below("activations of unequal channels: error with shifted biases over without", 1.0, apart),
    )
