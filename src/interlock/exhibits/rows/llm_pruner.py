"""LLM-Pruner: coupled heads and channels removed by first-order importance."""

from interlock.exhibits.base import Reproduction, below, claim, exactly, holds, reproduction
from interlock.exhibits.compressed import original, outcome, own_text, predicted_bytes
from interlock.exhibits.lab_model import compared_on_smollm2

CLAIM = claim(
    "20 % of LLaMA-7B removed, 94.97 % of its performance kept", "Ma et al. 2023, LLM-Pruner, abstract and table 1"
)
MISSING = "groups compared with those of torch-pruning"
SHARES = "heads=1,channels=0.75"


def run() -> Reproduction:
    """A quarter of the channels by three importances, half of heads and channels with recovery, shapes and bytes."""
    import torch

    taylor = outcome(f"llm-pruner:{SHARES}")
    half, recovered, whole = (
        outcome(f"llm-pruner:heads=0.5,channels=0.5{more}")
        for more in ("", ",steps=40,rank=8,learning_rate=0.003", ",steps=40")
    )
    with torch.no_grad():
        same = half.applied.model(own_text(1)).logits.shape == original()(own_text(1)).logits.shape
    return reproduction(
        compared_on_smollm2("llm-pruner-recovery"),
        compared_on_smollm2("structured"),
        holds("the narrowed model runs and has the same outputs' shape", bool(same)),
        *(
            below(f"Taylor: divergence over that of {other}", 0.95,
                  taylor.divergence / outcome(f"llm-pruner:{SHARES},importance={other}").divergence)
            for other in ("magnitude", "random")
        ),
        below("half of heads and channels: divergence after recovery by LoRA of rank 8 over before", 0.95,
              recovered.divergence / half.divergence),
        below("the same after all that is left was trained", 0.95, whole.divergence / half.divergence),
        exactly("bytes, as predicted", predicted_bytes(half), sum(half.applied.stored.values()), "B"),
    )  # fmt: skip
