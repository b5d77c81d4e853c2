"""Progressive gradient flow: weights that are to be pruned fade, so that they go on learning for a while."""

from interlock.exhibits.base import Reproduction, below, claim, exactly, reproduction
from interlock.exhibits.small_transformer import lessons, loss_of, started

NEEDS = "lab"
CLAIM = claim("up to 5 % more accuracy at high sparsity of language models",
              "Bambhaniya et al. 2024, progressive gradient flow, abstract")  # fmt: skip
RUN = "pattern=1:16,steps=150,batch=32,learning_rate=0.01"
SEEDS = (0, 1, 2)


def run() -> Reproduction:
    """1:16 on a small transformer from its start, mask decay against SR-STE, three seeds."""
    from interlock.surgery.decoder import linears
    from interlock.surgery.linear import weight_of
    from interlock.techniques import technique

    losses, most = {}, 0
    for decay in ("mask", "none"):
        for seed in SEEDS:
            spec = f"progressive-gradient-flow:decay={decay},{RUN}"
            model = technique(spec).apply(started(seed), lessons(seed)).model
            losses[decay, seed] = loss_of(model)
            counts = [(weight_of(layer).view(-1, 16) != 0).sum(1).max() for layer in linears(model).values()]
            most = max(most, *map(int, counts))
    return reproduction(
        exactly("most weights of sixteen neighbours", 1, most),
        *(below(f"seed {seed}: loss with mask decay over that of SR-STE", 1.0,
                losses["mask", seed] / losses["none", seed]) for seed in SEEDS),
    )  # fmt: skip
