"""Plug-and-Play: relative importance with activations, and an order of columns that keeps more under N:M."""

from interlock.exhibits.base import Reproduction, above, below, claim, holds, reproduction
from interlock.exhibits.compressed import calibration, fresh, outcome

CLAIM = claim("2:4 pruning of Llama models below Wanda's perplexity", "Zhang et al. 2024, Plug-and-Play")


def run() -> Reproduction:
    """Kept scores with and without the permutation, the function, and the model's distance at 2:4."""
    from interlock.surgery.permutation import balanced_order, worth
    from interlock.surgery.sparse_linear import relative_scores
    from interlock.surgery.statistics import InputStatistics
    from interlock.surgery.walk import Group, observe

    gains: list[float] = []
    whole: list[bool] = []

    def visit(known: list[tuple[Group, InputStatistics]]) -> None:
        for group, statistics in known[-1:]:  # one group of each block
            for layer in group.linears.values():
                weight = layer.weight.detach()  # type: ignore[operator]
                scores = relative_scores(weight, statistics.hessian)
                order = balanced_order(scores, 2, 4)
                gains.append(worth(scores[:, order], 2, 4) / worth(scores, 2, 4))
                whole.append(bool((weight[:, order][:, order.argsort()] == weight).all()))

    observe(fresh(), calibration(), visit)
    best, placed = outcome("plug-and-play"), outcome("plug-and-play:permute=false")
    wanda, plain = outcome("wanda"), outcome("magnitude:pattern=2:4")
    return reproduction(
        above("least gain of kept score by the permutation, down projections", 1.0, min(gains), "times"),
        holds("columns put back in place are the layer itself", all(whole)),
        below("divergence over that of magnitude pruning", 0.99, best.divergence / plain.divergence),
        below("divergence over Wanda's", 0.99, best.divergence / wanda.divergence),
        below("the permutation: divergence over RIA's alone", 0.99, best.divergence / placed.divergence),
        below("RIA alone: divergence over Wanda's", 0.99, placed.divergence / wanda.divergence),
    )
