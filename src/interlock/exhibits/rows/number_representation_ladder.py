"""The ladder of number formats: one language model on all rungs, with what it weighs and how it foretells."""

from typing import Final

from interlock.exhibits.base import Reproduction, below, claim, exactly, holds, reproduction
from interlock.exhibits.language_model import held_out, language_model
from interlock.numerics import codec

CLAIM = claim("32, 16, 8 and 4 bits a parameter", "the mobile slides, number representation")
MISSING = "tokens a second on a CPU for each rung, which takes kernels that compute on the stored codes"
RUNGS: Final = {"fp32": 32, "fp16": 16, "bf16": 16, "int8": 8, "fp8-e4m3": 8, "int4": 4}  # one scale a row
PAYS: Final = {"fp16": 1.0005, "bf16": 1.005, "int8": 1.005, "fp8-e4m3": 1.02}  # perplexity over fp32's, at most


def run() -> Reproduction:
    """Bits stored, counted from bytes, and perplexity on held-out windows, weights alone."""
    model, windows = language_model(), held_out()
    weights = [model.weights[name] for name in model.linear_names()]
    elements = sum(each.size for each in weights)
    bits, perplexity = {}, {}
    for name in RUNGS:
        made = codec(name)
        stored = [made.encode(each) for each in weights]
        bits[name] = 8 * sum(sum(part.nbytes for part in each.parts.values()) for each in stored) / elements
        perplexity[name] = model.with_weights(made.quantize).perplexity(windows)
    fp32 = perplexity["fp32"]
    told = ", ".join(f"{name} {value / fp32 - 1:+.2%}" for name, value in perplexity.items())
    return reproduction(
        *(exactly(f"bits a parameter, {name}", printed, bits[name], "bit") for name, printed in RUNGS.items()),
        exactly("perplexity of the model stored as it is, over its own", 1.0, fp32 / model.perplexity(windows)),
        *(below(f"perplexity over FP32's, {name}", most, perplexity[name] / fp32) for name, most in PAYS.items()),
        holds("four bits with one scale a row cost the most", max(perplexity, key=perplexity.__getitem__) == "int4",
              told),
    )  # fmt: skip
