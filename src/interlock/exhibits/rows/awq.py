"""AWQ: channels that see large activations are scaled up before rounding, in place of keeping them wide."""

from interlock.exhibits.base import Reproduction, above, below, claim, reproduction
from interlock.exhibits.lab_model import (
    compared_on_smollm2,
    judged,
    judged_after,
    lab_calibration,
    lab_model,
    on_smollm2,
)

NEEDS = "lab"
CLAIM = claim("keeping 1 % of the channels wide, or scaling them, recovers what 3 and 4 bits lose",
              "Lin et al. 2023, AWQ, tables 1 and 4")  # fmt: skip
MISSING = (
    "most of the loss recovered by 1 % of the channels on this model as it is, which has no large activations "
    "(a tenth at 3 bits); shown with injected outliers"
)
FACTOR = 64.0  # of 1 % of the features that norms put out: the stress test, which changes no output


def loss_with_wide(share: float, bits: int, *, outliers: float = 0.0) -> float:
    """Divergence after rounding to nearest but for a share of channels, those with the largest mean activation."""
    from interlock.surgery.grid import IntegerGrid
    from interlock.surgery.walk import observe

    model, grid = lab_model(outliers=outliers), IntegerGrid(bits=bits, group_size=128, symmetric=False)

    def visit(known) -> None:  # type: ignore[no-untyped-def]
        for group, statistics in known:
            wide = statistics.mean_magnitude.topk(round(share * statistics.features)).indices
            for layer in group.linears.values():
                rounded = grid.nearest(layer.weight)
                rounded[:, wide] = layer.weight[:, wide].half().float()
                layer.weight.copy_(rounded)

    observe(model, lab_calibration(), visit, moments=False)
    return judged(model).divergence


def recovered(bits: int, *, outliers: float = 0.0) -> float:
    """The share of the loss that 1 % of the channels brings back."""
    return 1 - loss_with_wide(0.01, bits, outliers=outliers) / loss_with_wide(0, bits, outliers=outliers)


def run() -> Reproduction:
    """Perplexity at 3 and 4 bits in groups of 128, and what the salient channels are worth."""
    nearest, aware = ({bits: judged_after(f"{name}:bits={bits},group_size=128{more}") for bits in (3, 4)}
                      for name, more in (("round-to-nearest", ",symmetric=no"), ("awq", "")))  # fmt: skip
    return reproduction(
        *(below(f"perplexity at {bits} bits, AWQ over nearest", 1.0, aware[bits].perplexity / nearest[bits].perplexity)
          for bits in (3, 4)),
        *(below(f"divergence from fp32 at {bits} bits, AWQ over nearest", 0.9,
                aware[bits].divergence / nearest[bits].divergence) for bits in (3, 4)),
        above("share of the loss at 4 bits that 1 % of channels recovers, outliers injected", 0.5,
              recovered(4, outliers=FACTOR)),
        above("the same at 3 bits without outliers", 0.05, recovered(3)),
        compared_on_smollm2("awq-groups-3"),
        on_smollm2("weights-4-bit", "awq"),
    )  # fmt: skip
