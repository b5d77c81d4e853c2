"""Deja Vu: small predictors name the channels that a token needs."""

import math

from interlock.exhibits.base import Reproduction, above, below, claim, reproduction, within
from interlock.exhibits.small_transformer import SEQUENCES, language, lessons, loss_of, started

NEEDS = "lab"
CLAIM = claim("75 % of OPT-175B's computation skipped for each token without loss", "Liu et al. 2023, Deja Vu")
WANTED = 0.97  # recall on calibration sequences; what is judged is recall on others
STEPS = 400


def run() -> Reproduction:
    """A transformer with ReLU, trained from its start; predictors of rank 32, with budgets found on what they saw."""
    from interlock.surgery.active_channels import counting, inputs_of, install, learn_predictor, recall, use_relu
    from interlock.surgery.training import train

    model, seen, unseen = started(0), language()[:1500], language()[SEQUENCES:]
    networks = install(model)
    use_relu(networks, both=False)
    train(model, lessons(0), model.parameters(), steps=STEPS, batch=32, learning_rate=0.01)
    with counting(networks):
        base = loss_of(model)
    active = [each.density for each in networks]
    reads, fresh = inputs_of(model, networks, seen), inputs_of(model, networks, unseen)
    learned = [learn_predictor(*case, rank=32, steps=600) for case in zip(networks, reads, strict=True)]
    channels = networks[0].gate_proj.out_features
    budgets = [
        next(b for b in range(4, channels + 1, 4) if b == channels or recall(network, predictor, read, b) >= WANTED)
        for network, predictor, read in zip(networks, learned, reads, strict=True)
    ]
    found = [recall(*case) for case in zip(networks, learned, fresh, budgets, strict=True)]
    for network, predictor, budget in zip(networks, learned, budgets, strict=True):
        network.predictor, network.budget = predictor, budget
    with counting(networks):
        changed = loss_of(model)
    computed = [each.density for each in networks]
    return reproduction(
        *(above(f"layer {place}: recall on unseen sequences", 0.95, each) for place, each in enumerate(found)),
        *(within(f"layer {place}: channels computed", budget / channels, share, 1e-6,
                 note=f"of all; {alive:.1%} are not zero")
          for place, (budget, share, alive) in enumerate(zip(budgets, computed, active, strict=True))),
        below("operations of up and down over those of all channels", 0.75, sum(computed) / len(computed)),
        below("perplexity, off from the original's", 0.01, abs(math.exp(changed - base) - 1)),
    )  # fmt: skip
