"""OliVe: four bits a value whatever happens, and outliers survive at the cost of a neighbour."""

import numpy as np

from interlock.exhibits.base import Figure, Reproduction, above, claim, exactly, holds, reproduction
from interlock.exhibits.language_model import LanguageModel, held_out, language_model, with_outliers
from interlock.numerics import codec
from interlock.numerics.olive import abfloat_element

CLAIM = claim("4.5 times the speed and 4.0 times the energy efficiency of GOBO", "Guo et al. 2023, OliVe, abstract")


def perplexity(model: LanguageModel, name: str) -> float:
    """Weights by channel, activations by tensor, both in four bits."""
    weights = model.with_weights(codec(name).quantize)
    return weights.with_activations(codec(name, group="tensor").quantize).perplexity(held_out(1, 64))


def encoding() -> list[Figure]:
    """The abfloats, the size, and the round trip of a tensor with outliers."""
    x = np.random.default_rng(0).standard_normal((64, 4096)).astype(np.float32)
    x[:, ::97] *= 30
    made = codec("olive4")
    stored = made.encode(x)
    return [
        holds(
            "abfloats of four bits",
            abfloat_element().numbers(np.arange(8, dtype=np.uint8)).tolist() == [0, 12, 16, 24, 32, 48, 64, 96],
        ),
        exactly("bits a value, outliers included", 4, stored.parts["codes"].nbytes * 8 / x.size, "bit"),
        holds("decoding gives exactly what was rounded", bool((made.decode(stored) == made.quantize(x)).all())),
    ]


def run() -> Reproduction:
    """The encoding, and perplexity of the shipped model after outliers were injected into its activations."""
    model = with_outliers(language_model())
    known = model.perplexity(held_out(1, 64))
    found = {name: perplexity(model, name) for name in ("olive4", "int4", "ant4")}
    told = "over fp32: " + ", ".join(f"{name} {value / known:.3g}" for name, value in found.items())
    return reproduction(
        *encoding(),
        above("W4A4 in INT4: perplexity over OliVe's", 1.05, found["int4"] / found["olive4"], note=told),
        above("W4A4 in ANT: perplexity over OliVe's", 1.0, found["ant4"] / found["olive4"]),
    )
