"""Activation sparsity: only channels of large activation are computed, and only their weights are read."""

from interlock.exhibits.base import Reproduction, above, below, claim, reproduction, within
from interlock.exhibits.compressed import calibration, fresh, judged

CLAIM = claim("a subset of the activations keeps the quality", "the survey, section IV-A.2; Lee et al. 2024, CATS")
SHARES = (0.0, 0.25, 0.5, 0.7, 0.9)


def run() -> Reproduction:
    """Thresholds from calibration text at five shares; divergence and computed channels on other text."""
    from interlock.surgery.active_channels import counting, install, set_thresholds

    moved, densities = [], []
    for share in SHARES:
        model = fresh()
        networks = install(model)
        set_thresholds(model, networks, calibration(), share)
        with counting(networks):
            moved.append(judged(model))
        densities.append(sum(each.density for each in networks) / len(networks))
    base = moved[0][1]
    return reproduction(
        below("nothing left out: divergence", 1e-6, moved[0][0], "nat"),
        *(
            within(f"{share:.0%} left out: rows of up and columns of down that are read", 1 - share, density, 0.05)
            for share, density in zip(SHARES, densities, strict=True)
        ),
        below("half left out: perplexity over the original's", 1.02, moved[2][1] / base),
        below("seven tenths left out: perplexity over the original's", 1.05, moved[3][1] / base),
        *(above(f"{SHARES[i]:.0%} left out: divergence, not below that of less", moved[i - 1][0], moved[i][0], "nat")
          for i in range(1, 5)),
    )  # fmt: skip
