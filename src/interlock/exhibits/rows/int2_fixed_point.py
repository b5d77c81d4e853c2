"""Two bits: four levels, what they cost a language model, and what incoherence with feedback brings back."""

import numpy as np

from interlock.exhibits.base import Reproduction, below, claim, exactly, holds, reproduction
from interlock.exhibits.language_model import held_out, language_model
from interlock.exhibits.two_bits import input_moments, quip_rounded
from interlock.numerics import codec, number_format
from interlock.numerics.integers import Integer
from interlock.numerics.packing import pack, unpack

CLAIM = claim("the narrowest format of RaPiD's inference, and of QuIP's weights", "the survey, IV-E and IV-C.1")


def run() -> Reproduction:
    """The codec, and perplexity at two bits: to the nearest, and as QuIP rounds."""
    kind, codes = Integer(bits=2, span="full"), np.random.default_rng(0).integers(0, 4, 2**16).astype(np.uint8)
    model, windows = language_model(), held_out(3)
    base, moments = model.perplexity(windows), input_moments(model)
    nearest = codec("int2", span="half", group="channel")
    plain = model.with_weights(nearest.quantize).perplexity(windows) / base
    fed = {name: quip_rounded(model.weights[name], moments[name], bits=2) for name in model.linear_names()}
    better = model.with_weights(lambda w: next(fed[n] for n in fed if model.weights[n] is w)).perplexity(windows) / base
    return reproduction(
        holds("four levels as two's complement", kind.numbers(np.arange(4, dtype=np.uint8)).tolist() == [0, 1, -2, -1]),
        exactly("codes that survive packing", len(codes), int((unpack(pack(codes, 2), 2, len(codes)) == codes).sum())),
        exactly("codes that survive decoding and encoding", len(codes), int((kind.codes(kind.numbers(codes)) ==
        codes).sum())), exactly("bits stored", 2, number_format("int2").bits),
        exactly("bits stored, real bytes", 2, codec("int2").encode(np.ones((4, 256))).counted_bytes * 8 / 1024),
        below("perplexity at two bits, QuIP's rounding over nearest", 1.0, better / plain,
              note=f"over fp32: nearest {plain:.3g}, QuIP's {better:.3g}"),
    )  # fmt: skip
