"""Turbo Sparse: ReLU on both sides of a gated network leaves most of its channels at zero."""

import math

from interlock.exhibits.base import Reproduction, above, below, claim, reproduction
from interlock.exhibits.small_transformer import lessons, loss_of, started

NEEDS = "lab"
CLAIM = claim("about 90 % of neurons inactive in TurboSparse-Mistral-7B", "Song et al. 2024, Turbo Sparse, abstract")
STEPS = 800


def run() -> Reproduction:
    """SwiGLU and dReLU from the same start, over the same tokens: perplexity, and channels at zero."""
    from interlock.surgery.active_channels import counting, install, use_relu
    from interlock.surgery.training import train

    losses, active = {}, {}
    for kind in ("swiglu", "drelu"):
        model = started(0)
        networks = install(model)
        if kind != "swiglu":
            use_relu(networks)
        train(model, lessons(0), model.parameters(), steps=STEPS, batch=32, learning_rate=0.01)
        with counting(networks):
            losses[kind] = loss_of(model)
        active[kind] = sum(each.density for each in networks) / len(networks)
    return reproduction(
        above("SwiGLU: channels that are not zero", 0.999, active["swiglu"]),
        above("dReLU: channels at zero", 0.8, 1 - active["drelu"]),
        below("perplexity of dReLU over SwiGLU's after the same tokens", 1.02,
              math.exp(losses["drelu"] - losses["swiglu"])),
    )  # fmt: skip
