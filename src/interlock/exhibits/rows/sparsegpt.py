"""SparseGPT: one-shot pruning whose kept weights correct the error."""

from interlock.exhibits.base import Reproduction, below, claim, exactly, holds, reproduction
from interlock.exhibits.compressed import outcome, predicted_bytes
from interlock.exhibits.lab_model import compared_on_smollm2

CLAIM = claim(
    "50 % of the weights of OPT-175B removed in one shot with almost no loss",
    "Frantar and Alistarh 2023, SparseGPT, abstract",
)
MISSING = "models large enough for the loss to vanish"


def run() -> Reproduction:
    """Every layer's error against magnitude pruning's, and the model's distance, at 50 % and at 2:4."""
    figures = []
    for pattern in ("50%", "2:4"):
        best, plain = (outcome(f"{name}:pattern={pattern}") for name in ("sparsegpt", "magnitude"))
        layers = best.applied.layers
        lower = sum((each.objective or 0) < (each.nearest or 0) for each in layers)
        activation = outcome(f"wanda:pattern={pattern}")
        figures += [
            exactly(f"{pattern}: layers whose error is below magnitude pruning's", len(layers), lower),
            below(f"{pattern}: divergence over magnitude pruning's", 0.5, best.divergence / plain.divergence),
            below(f"{pattern}: divergence over Wanda's", 0.9, best.divergence / activation.divergence),
            exactly(f"{pattern}: bytes, as predicted", predicted_bytes(best), sum(best.applied.stored.values()), "B"),
        ]
    half = outcome("sparsegpt:pattern=50%")
    spec = "sparsegpt:pattern=2:4,format=int3-g64"
    joint, after = outcome(spec), outcome(f"{spec},joint=false")
    figures += [
        below("2:4 and 3 bits in one pass: divergence over one after the other", 0.95,
              joint.divergence / after.divergence),
        exactly("the same bytes", after.linear_bytes, joint.linear_bytes, "B"),
        exactly("as predicted", predicted_bytes(joint), sum(joint.applied.stored.values()), "B"),
    ]  # fmt: skip
    return reproduction(
        *figures,
        *(compared_on_smollm2(name) for name in ("sparsegpt-half", "sparsegpt-2-4", "sparsegpt-wanda-2-4")),
        holds("unstructured loses less than 2:4", half.divergence < outcome("sparsegpt:pattern=2:4").divergence),
    )
