"""QuIP: rounding with linear feedback is OPTQ, and after random rotations two bits keep a language model alive."""

from typing import Any

import numpy as np

from interlock.exhibits.base import Reproduction, above, below, claim, exactly, holds, reproduction
from interlock.exhibits.lab_model import judged_after, lab_calibration, lab_model, on_smollm2
from interlock.exhibits.two_bits import linear_feedback
from interlock.numerics.integers import Integer

NEEDS = "lab"
CLAIM = claim("2-bit weights with guarantees; rounding with linear feedback equals OPTQ",
              "Chee et al. 2023, QuIP, abstract and theorem 6")  # fmt: skip
BITS, REACH, DAMPING = 2, 2.4, 0.01  # the grid's reach in root mean squares of a row


def optq(weight: Any, moment: Any) -> Any:
    """The same grid rounded as OPTQ does, by the inverse Hessian's Cholesky factor, in fp64."""
    import torch

    from interlock.surgery.rounding import factor, round_columns

    kind, w = Integer(bits=BITS, span="half"), torch.from_numpy(weight)
    scale = torch.from_numpy(REACH * np.sqrt(np.mean(weight**2, axis=1)) / 2 ** (BITS - 1))
    upper = factor(torch.from_numpy(moment))
    return round_columns(w, upper, lambda _, x: torch.from_numpy(kind.round((x / scale).numpy())) * scale).numpy()


def layer_losses() -> list[tuple[float, float, float]]:
    """tr(dW H dW^T) of each layer: to nearest, with linear feedback, and as OPTQ rounds; three independent ways."""
    from interlock.surgery.walk import observe

    found: list[tuple[float, float, float]] = []

    def visit(known: Any) -> None:
        for group, statistics in known:
            moment = statistics.hessian.double().numpy()
            moment = moment + DAMPING * np.trace(moment) / len(moment) * np.eye(len(moment))
            for layer in group.linears.values():
                weight = layer.weight.detach().double().numpy()
                scale = REACH * np.sqrt(np.mean(weight**2, axis=1, keepdims=True)) / 2 ** (BITS - 1)
                nearest = Integer(bits=BITS, span="half").round(weight / scale) * scale
                rounded = (nearest, linear_feedback(weight, moment, BITS), optq(weight, moment))
                changes = [each - weight for each in rounded]
                found.append(tuple(float(np.sum((change @ moment) * change)) for change in changes))  # type: ignore[arg-type]

    observe(lab_model(), lab_calibration(), visit)
    return found


def run() -> Reproduction:
    """Every layer's proxy loss, and perplexity at two bits with and without incoherence."""
    losses = layer_losses()
    with_, without = judged_after("quip"), judged_after("gptq:bits=2,group_size=0")
    return reproduction(
        exactly("layers where feedback errs less than nearest", len(losses), sum(b < a for a, b, _ in losses)),
        below("largest gap of a layer's loss between LDLQ and OPTQ", 1e-6, max(abs(b / c - 1) for _, b, c in losses)),
        holds("perplexity at 2 bits is finite", bool(np.isfinite(with_.perplexity))),
        below("perplexity at 2 bits, QuIP over GPTQ", 0.98, with_.perplexity / without.perplexity,
              note=f"QuIP {with_.perplexity:.4g}, GPTQ {without.perplexity:.4g}"),
        above("divergence from fp32 at 2 bits, GPTQ over QuIP", 1.5, without.divergence / with_.divergence),
        on_smollm2("weights-2-bit", "quip", "gptq"),
    )  # fmt: skip
