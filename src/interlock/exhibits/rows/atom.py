"""Atom: four bits on both sides with a few wide channels, and how much traffic that lets a chip carry."""

from typing import Any

from interlock.exhibits.base import Reproduction, below, claim, exactly, reproduction, within
from interlock.exhibits.datasheet import bandwidth, capacity, peak
from interlock.exhibits.lab_model import judged, judged_after, lab_calibration, lab_model, logits
from interlock.exhibits.model_size import active_parameters, kv_token_bytes, weights_bytes

NEEDS = "lab"
CLAIM = claim("up to 7.7 times the throughput of FP16", "Zhao et al. 2023, Atom, abstract")
CLAIMED = 7.7
CONTEXT, USABLE = 1024, 0.9  # tokens of a sequence, share of memory that servers give to weights and caches
GROUP = 32
FACTOR = 16.0  # of 1 % of the features that norms put out: the stress test, which changes no output
ATOM = f"atom:group_size={GROUP},kv_group_size={GROUP}"


def reordered() -> Any:
    """The model with every layer's columns, and what it reads, in Atom's order."""
    from interlock.surgery.mixed import mixed_order
    from interlock.surgery.walk import observe

    model = lab_model()

    def visit(known: Any) -> None:
        for group, statistics in known:
            order = mixed_order(statistics.hessian.diagonal(), GROUP)
            for layer in group.linears.values():
                layer.weight.copy_(layer.weight[:, order])
                layer.register_forward_pre_hook(lambda _, args, order=order: (args[0][..., order],))

    observe(model, lab_calibration(), visit)
    return model


def plain(outliers: float) -> float:
    """Divergence of INT4 in groups of the same size on both sides, to nearest."""
    from interlock.surgery.applied import Ledger
    from interlock.surgery.grid import IntegerGrid
    from interlock.surgery.inputs import TokenQuantizer
    from interlock.surgery.nearest import grid_storage, store_linears

    model, grid = lab_model(outliers=outliers), IntegerGrid(bits=4, group_size=GROUP)
    store_linears(model, Ledger(), grid_storage(grid), lambda _: [TokenQuantizer(4, group_size=GROUP)])
    return judged(model).divergence


def throughput(weight: str, kv: str, operand: str, *, chip: str = "rtx4090", name: str = "llama-2-7b") -> float:
    """Tokens a second that a roofline allows with as many sequences as fit."""
    weights, a_sequence = weights_bytes(name, weight), CONTEXT * kv_token_bytes(name, kv)
    sequences = int((USABLE * capacity(chip) - weights) / a_sequence)
    read = (weights + sequences * a_sequence) / bandwidth(chip)
    return sequences / max(read, 2 * sequences * active_parameters(name) / peak(chip, operand))


def run() -> Reproduction:
    """The order, the quality of four bits on both sides, and a bound on throughput."""
    import torch

    before, after = logits(lab_model()), logits(reordered())
    alike = float((before.argmax(-1) == after.argmax(-1)).float().mean())
    shift = float(torch.abs(after - before).max())
    mixed = {factor: judged_after(f"{ATOM},kv_bits=16", outliers=factor).divergence for factor in (0.0, FACTOR)}
    bound = throughput("int4-g128", "int4-g128-asym", "int4") / throughput("fp16", "fp16", "fp16")
    return reproduction(
        below("largest change of a logit by reordering", 1e-4, shift),
        exactly("share of tokens foretold alike", 1, alike),
        below("W4A4 divergence from fp32, Atom over plain groups", 0.9, mixed[0.0] / plain(0.0)),
        below("the same with outliers injected", 0.5, mixed[FACTOR] / plain(FACTOR)),
        below("perplexity with a 4-bit cache, too, over 4-bit rounding", 0.99, judged_after(ATOM).perplexity /
              judged_after(f"round-to-nearest:group_size={GROUP},activation_bits=4").perplexity),
        within("bound of throughput over FP16's, Llama 2 7B on an RTX 4090", CLAIMED, bound, 0.1,
               note=f"sequences of {CONTEXT} tokens in {USABLE:.0%} of the memory, roofline of decoding"),
    )  # fmt: skip
