"""GOBO: all but a thousandth of the weights become 3-bit indices of eight centroids, the rest stay FP32."""

import math

import numpy as np

from interlock.exhibits.base import Reproduction, below, claim, exactly, holds, reproduction, within
from interlock.exhibits.language_model import language_model
from interlock.numerics.gobo import THRESHOLD, GoboCodec, centroids, outlier_distance

CLAIM = claim("99.9 % of the weights at 3 bits", "Zadeh et al. 2020, GOBO, abstract")


def run() -> Reproduction:
    """The threshold from its formula, centroids beside k-means, bits and perplexity on the shipped language model."""
    model, made = language_model(), GoboCodec()
    weights = [model.weights[name] for name in model.linear_names()]
    found = [made.encode(w) for w in weights]
    elements = sum(each.elements for each in found)
    outliers = sum(each.parts["places"].size // 4 for each in found)
    normal = np.random.default_rng(0).standard_normal(2**20) * 0.04
    distance = outlier_distance(0.04)
    density = -math.log(0.04 * math.sqrt(2 * math.pi)) - distance**2 / (2 * 0.04**2)
    inside = [w[~made.outliers(w)] for w in weights]
    ratio = max(centroids(w, 3).errors[-1] / centroids(w, 3, until_l1_rises=False).errors[-1] for w in inside)
    kept = all(bool((made.quantize(w)[made.outliers(w)] == w[made.outliers(w)]).all()) for w in weights[:4])
    return reproduction(
        within("log density where outliers begin", THRESHOLD, density, 1e-9),
        within(
            "share of outliers among normal weights of deviation 0.04",
            math.erfc(distance / 0.04 / math.sqrt(2)),
            float(made.outliers(normal).mean()),
            0.1,
        ),
        below("share of outliers in the shipped model; the paper has about 0.001", 0.01, outliers / elements),
        holds("outliers come back as they were", kept),
        below("L1 error over that of k-means run to its end, worst matrix", 1.0, ratio),
        below(
            "bits a weight, outliers with their places included", 3.3, 8 * sum(e.stored_bytes for e in found) / elements
        ),
        exactly("bits of an index", 3, 8 * sum(e.parts["codes"].nbytes for e in found) / elements),
        below(
            "perplexity over that of FP32, no fine-tuning",
            1.25,
            model.with_weights(made.quantize).perplexity() / model.perplexity(),
        ),
    )
