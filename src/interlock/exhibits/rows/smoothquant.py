"""SmoothQuant: what is hard to round in activations moves into the weights, exactly, and eight bits are enough."""

from interlock.exhibits.base import Reproduction, above, below, claim, exactly, reproduction
from interlock.exhibits.lab_model import (
    after,
    bytes_a_weight,
    judged,
    judged_after,
    lab_calibration,
    lab_model,
    logits,
    on_smollm2,
    original,
)

NEEDS = "lab"
CLAIM = claim("twice less memory and 1.56 times the speed, at the quality of FP16", "Xiao et al. 2022, SmoothQuant")
FACTOR = 128.0  # of 1 % of the features that norms put out: the stress test, which changes no output
PLAIN = "round-to-nearest:bits=8,group_size=0,activation_bits=8"


def run() -> Reproduction:
    """The smoothed model in full precision, then in eight bits, all with injected outliers."""
    from interlock.surgery.smoothing import smooth

    smoothed = lab_model(outliers=FACTOR)
    smooth(smoothed, lab_calibration(), 0.5)
    shift = float((logits(smoothed) - logits(lab_model())).abs().max())
    base, done = original().perplexity, after("smoothquant", outliers=FACTOR)
    plain = judged_after(PLAIN, outliers=FACTOR).perplexity
    return reproduction(
        below("largest change of a logit by smoothing alone", 1e-4, shift),
        above("W8A8 perplexity over fp32, rounded to nearest, outliers injected", 1.1, plain / base),
        below("W8A8 perplexity over fp32, SmoothQuant, outliers injected", 1.01, judged(done.model).perplexity / base),
        exactly("bytes of a linear weight, FP16's over SmoothQuant's", 2, 2 / bytes_a_weight(done)),
        on_smollm2("both-8-bit-outliers", "smoothquant"),
        on_smollm2("both-8-bit", "smoothquant"),
    )
