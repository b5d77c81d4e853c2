"""Deja Vu: small predictors name the channels that a token needs."""

from interlock.exhibits.base import Reproduction, above, below, claim, exactly, reproduction
from interlock.exhibits.compressed import calibration, fresh, judged, own_text

CLAIM = claim("75 % of OPT-175B's computation skipped for each token without loss", "Liu et al. 2023, Deja Vu")
MISSING = "recall of 0.95 at the reported sparsity on a ReLU model, predictors of heads, and looking a layer ahead"
BUDGET = 384


def run() -> Reproduction:
    """Half of the channels matter by threshold; predictors of rank 64 name three quarters of them all."""
    from interlock.surgery.active_channels import counting, inputs_of, install, learn_predictor, recall, set_thresholds

    model = fresh()
    networks = install(model)
    base = judged(model)[1]
    set_thresholds(model, networks, calibration(), 0.5)
    reads, unseen = (inputs_of(model, networks, tokens) for tokens in (own_text(0), own_text(1)))
    learned = [learn_predictor(network, read, rank=64) for network, read in zip(networks, reads, strict=True)]
    found = [recall(*case, BUDGET) for case in zip(networks, learned, unseen, strict=True)]
    channels = networks[0].gate_proj.out_features
    for network, predictor in zip(networks, learned, strict=True):
        network.predictor, network.budget = predictor, BUDGET
    with counting(networks):
        perplexity = judged(model)[1]
    return reproduction(
        *(above(f"layer {place}: recall on unseen text", 0.9, each) for place, each in enumerate(found)),
        above("mean recall over chance", 1.2, sum(found) / len(found) / (BUDGET / channels)),
        exactly("channels computed", BUDGET / channels, networks[0].density),
        below("perplexity over the original's", 1.02, perplexity / base),
    )
