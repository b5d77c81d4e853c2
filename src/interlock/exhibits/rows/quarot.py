"""QuaRot: rotations that leave the function as it is, after which no activation stands out."""

from typing import Any

from interlock.exhibits.base import Reproduction, above, below, claim, reproduction, within
from interlock.exhibits.lab_model import after, compared_on_smollm2, judged_after, lab_model, logits

NEEDS = "lab"
CLAIM = claim("4-bit weights, activations and cache lose at most 0.47 of perplexity, Llama 2 70B",
              "Ashkboos et al. 2024, QuaRot, abstract")  # fmt: skip
FACTOR = 128.0  # of 1 % of the features that norms put out: the stress test, which changes no output
ROTATED = "quarot:bits=16,activation_bits=16,kv_bits=16"
UNROTATED = "round-to-nearest:group_size=0,activation_bits=4"


def kurtosis(model: Any) -> float:
    """Fourth moment over squared variance of what a layer reads of a token, mean over all; 3 if normal."""
    from interlock.surgery.decoder import linears

    found: list[float] = []

    def add(_: Any, args: tuple[Any, ...]) -> None:
        x = args[0].double()
        x = x - x.mean(-1, keepdim=True)
        found.append(float((x.pow(4).mean(-1) / x.square().mean(-1).square()).mean()))

    for layer in linears(model).values():  # of a layer with a rotation on its input, the layer behind it
        getattr(layer, "linear", layer).register_forward_pre_hook(add)
    logits(model)
    return sum(found) / len(found)


def run() -> Reproduction:
    """The rotated model in full precision, its activations, and four bits everywhere."""
    turned = after(ROTATED, outliers=FACTOR).model
    shift = float((logits(turned) - logits(lab_model())).abs().max())
    four = {factor: judged_after("quarot:kv_group_size=32", outliers=factor) for factor in (0.0, FACTOR)}
    weights_too = judged_after("quarot:weights=rtn,kv_bits=16", outliers=FACTOR)
    plain = {factor: judged_after(UNROTATED, outliers=factor) for factor in (0.0, FACTOR)}
    return reproduction(
        below("largest change of a logit by rotating", 1e-4, shift),
        above("kurtosis of activations, outliers injected", 20, kurtosis(lab_model(outliers=FACTOR))),
        within("the same, rotated", 3, kurtosis(turned), 0.1),
        below("W4A4KV4 perplexity over that of W4A4 unrotated", 0.99, four[0.0].perplexity / plain[0.0].perplexity),
        below("divergence from fp32, the same", 0.5, four[0.0].divergence / plain[0.0].divergence),
        below("W4A4KV4 perplexity over unrotated W4A4, outliers injected", 0.01,
              four[FACTOR].perplexity / plain[FACTOR].perplexity),
        below("the same, weights to nearest on both sides, W4A4", 0.01,
              weights_too.perplexity / plain[FACTOR].perplexity),
        compared_on_smollm2("quarot"),
    )  # fmt: skip
