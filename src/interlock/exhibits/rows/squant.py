"""SQuant: without data, roundings are flipped until the errors of kernels and channels cancel."""

import numpy as np

from interlock.exhibits.base import Reproduction, below, claim, reproduction
from interlock.exhibits.flipping import Steps, settled_channels, settled_kernels
from interlock.exhibits.language_model import Floats, LanguageModel, held_out, language_model

CLAIM = claim("sub-second quantization without data or training", "Guo et al. 2022, SQuant, abstract")
MISSING = (
    "perplexity below nearest at 4 bits on the language model, whose inputs have both signs, so that errors that add "
    "up to nothing do not cancel; its divergence falls by 2 %"
)
LOW, HIGH, KERNEL = -8, 7, 16


def steps(weight: Floats, size: int) -> tuple[Steps, Floats]:
    """Weights in steps of a row, cut into kernels, and the steps."""
    step = np.abs(weight).max(axis=1, keepdims=True) / HIGH
    return (weight / step).astype(np.float64).reshape(len(weight), -1, size), step


def channels_only(weight: Floats) -> Floats:
    """As the paper treats a linear layer: a kernel is one weight, which no flip inside can mend."""
    wanted, step = steps(weight, 1)
    settled = settled_channels(wanted, np.round(wanted), LOW, HIGH)
    found: Floats = (settled.reshape(weight.shape) * step).astype(np.float32)
    return found


def nearest(weight: Floats) -> Floats:
    """Rounded on the same grid."""
    wanted, step = steps(weight, 1)
    found: Floats = (np.round(wanted).reshape(weight.shape) * step).astype(np.float32)
    return found


def divergence(model: LanguageModel) -> float:
    """Mean KL divergence from the original on held-out text, nats a token."""
    before, now = (_log_odds(each.logits(held_out(3)).astype(np.float64)) for each in (language_model(), model))
    return float((np.exp(before) * (before - now)).sum(axis=-1).mean())


def _log_odds(logits: Steps) -> Steps:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    found: Steps = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return found


def run() -> Reproduction:
    """Bounds on every layer of the shipped model, outputs where inputs are not negative, and the model itself."""
    model = language_model()
    of_kernels, of_channels, of_elements = [], [], []
    for name in model.linear_names():
        wanted, _ = steps(model.weights[name], KERNEL)
        first = settled_kernels(wanted, LOW, HIGH)
        last = settled_channels(wanted, first, LOW, HIGH)
        of_kernels.append(np.abs((first - wanted).sum(axis=-1)).max())
        of_channels.append(np.abs((last - wanted).sum(axis=(-1, -2))).max())
        of_elements.append(np.abs(last - wanted).max())
    rng = np.random.default_rng(0)
    wanted = rng.normal(0, 2.5, (64, 16, KERNEL)).clip(LOW, HIGH)
    read = np.maximum(rng.standard_normal((512, 16 * KERNEL)), 0)  # as behind a rectifier
    settled = settled_channels(wanted, settled_kernels(wanted, LOW, HIGH), LOW, HIGH)
    errors = [float(np.square(read @ (each - wanted).reshape(64, -1).T).mean()) for each in (settled, np.round(wanted))]
    losses = [divergence(model.with_weights(hook)) for hook in (channels_only, nearest)]
    return reproduction(
        below("largest sum of a kernel's errors after its flips", 0.5, max(of_kernels), "step"),
        below("largest sum of a channel's errors at the end", 0.5, max(of_channels), "step"),
        below("largest error of an element at the end", 1, max(of_elements), "step"),
        below("squared error of outputs over nearest's, inputs behind a rectifier", 0.8, errors[0] / errors[1]),
        below("divergence of the language model at 4 bits, over nearest's", 1.0, losses[0] / losses[1]),
    )
