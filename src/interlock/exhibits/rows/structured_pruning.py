"""Structured pruning: whole heads and channels go, what is left is smaller and dense."""

from functools import partial
from typing import Any

from interlock.exhibits.base import Reproduction, above, below, claim, exactly, reproduction, within
from interlock.exhibits.compressed import calibration, fresh, outcome, own_text
from interlock.exhibits.processor_time import seconds

CLAIM = claim("structures removed leave dense matrices that run on any hardware", "the survey, section IV-C.2")


def networks(model: Any, x: Any) -> None:
    """The products of every block's network."""
    for block in model.model.layers:
        block.mlp(x)


def run() -> Reproduction:
    """The narrowed model against the same model with the structures set to zero; operations; quality."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from interlock.surgery.decoder import blocks, body
    from interlock.surgery.narrowing import chosen_units, structures, taylor

    silent, narrowed = fresh(), outcome("llm-pruner:heads=0.5,channels=0.5").applied.model
    score = taylor(silent, calibration())
    for block in blocks(silent):
        for part in structures(silent, block):
            kept = set(chosen_units(part, score, 0.5).tolist())
            part.silence(torch.tensor([unit for unit in range(part.units) if unit not in kept]))
    wide = torch.randn(512, 256, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        times = seconds(*(partial(networks, each, wide) for each in (fresh(), narrowed)), turns=12)
    few, products = own_text(1)[:8], []
    with torch.no_grad():
        gap = float((silent(few).logits - narrowed(few).logits).abs().max())
        for model in (fresh(), narrowed):
            with FlopCounterMode(display=False) as counter:
                body(model)(few, use_cache=False)
            counts = counter.get_flop_counts()["Global"]
            products.append(sum(value for name, value in counts.items() if str(name).endswith("mm")))
    layers = outcome("llm-pruner:heads=0.5,channels=0.5").applied.layers
    elements = sum(each.rows * each.columns for each in layers)
    before = sum(each.rows * each.columns for each in outcome("sparsegpt").applied.layers)
    structured, free = outcome("llm-pruner:heads=0.5,channels=0.5"), outcome("sparsegpt:pattern=50%")
    return reproduction(
        below("largest difference of a logit from the masked model's", 1e-3, gap),
        within("operations over the dense model's", elements / before, products[1] / products[0], 1e-6,
               note="as the elements that are left"),
        within("processor time of the networks' products over the dense model's, against operations left", 0.5,
               times[1] / times[0], 0.2),
        exactly("elements left", 0.5, elements / before),
        above("divergence over that of unstructured pruning at the same share", 2.0,
              structured.divergence / free.divergence),
    )  # fmt: skip
