"""Training for few bits by way of more bits: precision falls in stages.

Shown on the weights of a small transformer; the paper trains convolutional networks, rounds activations as well, and
adds guidance by the network in full precision.
"""

from typing import Any

from interlock.exhibits.base import Reproduction, below, claim, reproduction
from interlock.exhibits.small_transformer import lessons, loss_of, trained

NEEDS = "lab"
CLAIM = claim("4-bit networks as accurate as in full precision, by progressive training",
              "Zhuang et al. 2018, Towards effective low-bitwidth convolutional neural networks")  # fmt: skip
SEEDS = (0, 1, 2)
RUN = "bits=2,group_size=0,steps=150,batch=32,learning_rate=0.01"


def run() -> Reproduction:
    """8, 4, 2 bits in turn against 2 bits throughout, from the same trained transformer, equal steps."""
    import copy

    from interlock.techniques import technique

    losses, levels = {}, 0
    for seed in SEEDS:
        start = trained(seed, 150)
        for name, before in (("staged", ",before=8-4"), ("direct", "")):
            model = technique(f"qat:{RUN}{before}").apply(copy.deepcopy(start), lessons(seed)).model
            losses[name, seed] = loss_of(model)
            layer: Any = model.get_submodule("model.layers.0.mlp.up_proj")
            levels = max(levels, len(set(layer.weight[0].tolist())))
    return reproduction(
        below("most values in a row at the end", 4, levels),
        *(below(f"seed {seed}: loss with 8, 4, 2 bits in turn over that of 2 bits throughout", 1.0,
                losses["staged", seed] / losses["direct", seed]) for seed in SEEDS),
    )  # fmt: skip
