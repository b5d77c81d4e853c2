"""SLoPe: N:M in the forward pass and in the backward pass, and thin adapters that join late."""

from interlock.exhibits.base import Reproduction, below, claim, exactly, reproduction
from interlock.exhibits.compressed import outcome, predicted_bytes
from interlock.exhibits.small_transformer import lessons, loss_of, started

NEEDS = "lab"
CLAIM = claim("training up to 1.25 times and inference up to 1.54 times as fast", "Mozaffari et al. 2024, SLoPe")
RUN = "mask=random,steps=150,batch=32,learning_rate=0.01"
SEEDS = (0, 1)


def run() -> Reproduction:
    """Both constraints in a trained layer, what adapters gain on a small transformer from its start, and bytes."""
    import torch

    from interlock.surgery.sparse_training import DoublePrunedLinear
    from interlock.techniques import technique

    weight = torch.randn(64, 32, generator=torch.Generator().manual_seed(0))
    layer = DoublePrunedLinear(weight, None, (2, 4), 4, None, "a layer")
    x = torch.randn(5, 32, requires_grad=True)
    y = layer(x)
    y.sum().backward()
    forward = (layer.weight * layer.fixed).detach()
    back = forward * layer.back
    assert x.grad is not None
    assert layer.weight.grad is not None
    gap = float((x.grad - torch.ones(5, 64) @ back).abs().max())
    losses = {}
    for name, change in (("without", "rank=0"), ("lazy", "rank=4,late=0.3")):
        for seed in SEEDS:
            done = technique(f"slope:{change},{RUN}").apply(started(seed), lessons(seed))
            losses[name, seed] = loss_of(done.model)
    shipped = outcome("slope:steps=10")
    return reproduction(
        exactly("most weights of four neighbours in a row", 2, int((forward.view(-1, 4) != 0).sum(1).max())),
        exactly("most of four neighbours in a column, backward", 2,
                int((back.T.reshape(-1, 4) != 0).sum(1).max())),
        below("the input's gradient against the twice pruned product", 1e-5, gap),
        exactly("weights outside the mask that get a gradient", 0, int((layer.weight.grad[~layer.fixed] != 0).sum())),
        *(below(f"seed {seed}: loss with adapters for the last 30 % of steps over without", 1.0,
                losses["lazy", seed] / losses["without", seed]) for seed in SEEDS),
        exactly("shipped model: bytes, as predicted", predicted_bytes(shipped), sum(shipped.applied.stored.values()),
                "B"),
    )  # fmt: skip
