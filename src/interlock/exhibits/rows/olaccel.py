"""OLAccel: 3 % of the values in 16 bits beside 4-bit ones, and what their places cost the memory system."""

import numpy as np

from interlock.exhibits.base import Reproduction, above, below, claim, exactly, holds, reproduction
from interlock.exhibits.language_model import held_out, language_model
from interlock.exhibits.measures import mean_square_error
from interlock.exhibits.rows.outlier_alignment_overhead import layouts
from interlock.numerics.olaccel import OlaccelCodec

CLAIM = claim("up to 56.7 % less energy on VGG-16 than 16-bit", "Park et al. 2018, OLAccel; the survey, IV-C.1")
MISSING = "a cycle model of its outlier path beyond the bursts of its layout"


def run() -> Reproduction:
    """Error, perplexity and bits against the share of outliers, on the shipped language model."""
    model, windows = language_model(), held_out(3)
    base, shares = model.perplexity(windows), (0.0, 0.01, 0.03, 0.1)
    weights = [model.weights[name] for name in model.linear_names()]
    made = [OlaccelCodec(ratio=share) for share in shares]
    errors = [sum(mean_square_error(w, each.quantize(w)) for w in weights) for each in made]
    found = [model.with_weights(e.quantize).with_activations(e.quantize).perplexity(windows) / base for e in made]
    told = ", ".join(f"{share:.0%}: {value:.4f}" for share, value in zip(shares, found, strict=True))
    stored = made[2].encode(weights[0])
    ideal = 4 + 0.03 * (16 + 32)
    return reproduction(
        holds("error of weights falls with every step of the share", errors == sorted(errors, reverse=True)),
        below(
            "perplexity with 3 % over without outliers, weights and activations", 1.0, found[2] / found[0], note=told
        ),
        below("perplexity with 3 % over that of FP32", 1.05, found[2]),
        exactly("outliers of the first matrix", int(0.03 * weights[0].size), stored.parts["outliers"].nbytes // 2),
        below("bits a value over 4 + 3 % of a value and its place", 1.001, stored.bits / ideal),
        holds("outliers are whole multiples of the dense step", _same_grid(made[2], weights[0])),
        above("bytes of bursts over bytes asked for, outliers in the stream", 1.1, 1 / layouts()["OLAccel"]),
    )


def _same_grid(made: OlaccelCodec, x: np.ndarray) -> bool:
    step = made.encode(x).once["step"].view(np.float32)[0]
    whole = made.quantize(x) / step
    return bool(np.allclose(whole, np.rint(whole), atol=1e-3))
