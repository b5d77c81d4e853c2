"""LLM.int8(): features with outliers are multiplied wide, all others as 8-bit vectors."""

from typing import Any

from interlock.exhibits.base import Reproduction, above, below, claim, reproduction
from interlock.exhibits.lab_model import after, judged, judged_after, lab_model, logits, on_smollm2, original

NEEDS = "lab"
CLAIM = claim("8-bit products without loss up to 175 billion parameters", "Dettmers et al. 2022, LLM.int8(), abstract")
FACTOR = 128.0  # of 1 % of the features that norms put out: the stress test, which changes no output
PLAIN = "round-to-nearest:bits=8,group_size=0,activation_bits=8"


def share_of_bound(layer: Any, weight: Any, x: Any) -> float:
    """The largest error of an output over what rounding may do to it at most: half a step of each operand."""
    import torch

    wide = layer.fixed | (x.abs().amax(0) >= layer.threshold)
    narrow_x, narrow_w = x.masked_fill(wide, 0).abs(), weight.masked_fill(layer.fixed, 0).abs()
    x_half = narrow_x.amax(1, keepdim=True) / 127 / 2
    w_half = narrow_w.amax(1, keepdim=True) / 127 / 2 * (1 + 2**-10)  # steps are stored in fp16
    read = torch.where(wide, x.abs(), narrow_x + x_half)
    changed = torch.where(layer.fixed, weight.abs() * 2**-11 + 2**-24, w_half)
    bound = read @ changed.T + (x_half * ~wide) @ weight.abs().T
    return float(((layer(x) - x @ weight.T).abs() / bound).max())


def run() -> Reproduction:
    """Each layer's product on what it reads in the stressed model, and the model's perplexity."""
    import torch

    from interlock.surgery.decoder import linears

    stressed, done = lab_model(outliers=FACTOR), after("llm-int8", outliers=FACTOR)
    read: dict[str, Any] = {}
    for name, layer in linears(stressed).items():
        layer.register_forward_pre_hook(lambda _, args, name=name: read.__setitem__(name, args[0].flatten(0, 1)[:256]))
    logits(stressed)
    with torch.no_grad():
        shares = [share_of_bound(layer, linears(stressed)[name].weight, read[name])
                  for name, layer in linears(done.model).items()]  # fmt: skip
    base = original().perplexity
    return reproduction(
        below("largest error of a product over INT8's bound, all layers", 1.0, max(shares)),
        above("perplexity over fp32, plain INT8, outliers injected", 1.1,
              judged_after(PLAIN, outliers=FACTOR).perplexity / base),
        below("perplexity over fp32, LLM.int8(), outliers injected", 1.005, judged(done.model).perplexity / base),
        on_smollm2("both-8-bit-outliers", "llm-int8"),
    )  # fmt: skip
