"""Mokey: products of dictionary entries become counts of exponent sums."""

from fractions import Fraction

import numpy as np

from interlock.exhibits.base import Reproduction, below, claim, exactly, holds, reproduction, within
from interlock.exhibits.language_model import held_out, language_model
from interlock.numerics import codec
from interlock.numerics.mokey import exponent_histogram, golden_fit, index

CLAIM = claim(
    "about 10 times the energy efficiency and 4 to 15 times the speed of Tensor Core accelerators",
    "Zadeh et al. 2022, Mokey, abstract",
)
MISSING = "a perplexity within 1 % of FP16: the shipped small model ends a little above"


def dots(count: int = 2048) -> tuple[Fraction, Fraction]:
    """One dot product of centroids: term by term, and from the histogram of exponent sums; both without rounding."""
    rng = np.random.default_rng(0)
    a, b = (index(rng.standard_normal(count) * width) for width in (0.1, 2.0))
    inside = ~(a.outlier | b.outlier)
    x, y = a.codes[inside], b.codes[inside]
    sign = np.where((x ^ y) >> 3, -1, 1)
    base, shift = (Fraction(number) for number in golden_fit())
    powers = [base**k for k in range(15)]
    terms = list(zip(sign.tolist(), (x & 7).tolist(), (y & 7).tolist(), strict=True))
    direct = sum((s * (powers[i] + shift) * (powers[j] + shift) for s, i, j in terms), Fraction(0))
    single = np.bincount(x & 7, weights=sign, minlength=8) + np.bincount(y & 7, weights=sign, minlength=8)
    counted = sum((int(n) * powers[k] for k, n in enumerate(exponent_histogram(x, y))), Fraction(0))
    counted += shift * sum(int(n) * powers[k] for k, n in enumerate(single)) + shift**2 * int(sign.sum())
    return direct, counted


def run() -> Reproduction:
    """The exact dot product, what is stored, and perplexity with weights and activations at 4 bits."""
    direct, counted = dots()
    model, made, windows = language_model(), codec("mokey4"), held_out()
    small = model.with_weights(made.quantize).with_activations(made.quantize)
    x = np.random.default_rng(1).standard_normal(2**16).astype(np.float32)
    stored = made.encode(x)
    return reproduction(
        holds("the dot product of counted exponents is that of centroids, as fractions", direct == counted),
        exactly("bits of an index, outliers' included", 4, stored.parts["codes"].nbytes * 8 / x.size, "bit"),
        below("bits a value with outliers' places", 4.2, stored.bits, "bit"),
        within(
            "perplexity over that of FP32, weights and activations, no fine-tuning",
            1.0,
            small.perplexity(windows) / model.perplexity(windows),
            0.02,
        ),
    )
