"""FlexGen: placement of weights, cache and activations over three tiers by linear program, blocks in zig-zag order."""

import itertools

import numpy as np

from interlock.exhibits.base import Reproduction, above, below, claim, holds, reproduction, within
from interlock.exhibits.offloaded import OUTPUT, PROMPT, as_fitted, kept, machine, opt, published
from interlock.offloading import Machine, altered, best_policy
from interlock.offloading.block import Block, block
from interlock.offloading.linear_program import place as solve
from interlock.offloading.work import layer_work
from interlock.offloading.zigzag import run_schedule, slots_of

CLAIM = claim("OPT-175B at 1 token/s on one 16 GB T4 with an effective batch of 144", "Sheng et al. 2023, abstract")
NEEDS = "offload"
CASES = (("175b", 16, "flexgen-opt-175b"), ("175b", 4, "flexgen-4-bit-opt-175b"),
         ("30b", 16, "flexgen-opt-30b"), ("30b", 4, "flexgen-4-bit-opt-30b"))  # fmt: skip
SLACK = ("the T4 throttles at 70 W and FlexGen's kernels are eager PyTorch: the catalogue's rates are above both; "
         "with what its authors fitted to both, less of the distance is left")  # fmt: skip


def run() -> Reproduction:
    """The program against a grid, the schedule against the closed form, and four measured throughputs."""
    one, small = _small()
    found = solve(one, small.capacities, 8.0)
    assert found.shares is not None
    fast, slow = machine(), as_fitted()
    figures = []
    for size, bits, name in CASES:
        batch = int(published(f"{name}-batch"))
        told = f"OPT-{size.upper()} in {bits} bits, effective batch {batch}"
        rates = [
            best_policy(opt(size), each, kept(bits), sequences=batch, prompt=PROMPT, output=OUTPUT).tokens_per_s
            for each in (fast, slow)
        ]
        measured = published(name)
        if told.startswith("OPT-175B in 16"):
            figures.append(within(told, measured, rates[0], 0.1, "token/s", "bound by the SSD"))
        else:
            figures.append(above(f"{told}: no slower than measured", measured, rates[0], "token/s", SLACK))
            figures.append(below("times too fast", 2.5, rates[0] / measured))
        figures.append(below("times, with the arithmetic that its authors fitted", 1.7, rates[1] / measured))
    free = best_policy(opt("175b"), fast, kept(16), prompt=PROMPT, output=OUTPUT)
    return reproduction(
        below("linear program over the best of a grid of 3,375 placements", 1.0001, found.seconds / _grid(one, small)),
        within("schedule, event by event, over the closed form", 1.0,
               run_schedule(slots_of(one, found.shares, 8)).makespan / found.seconds, 1e-9),
        above("OPT-175B in 16 bits, block searched, at least", 0.5, free.tokens_per_s, "token/s"),
        below("and at most", 2.0, free.tokens_per_s, "token/s"),
        *figures,
        holds("4 bits are faster than 16 for OPT-175B, as measured", figures[2].reproduced > figures[0].reproduced),
    )  # fmt: skip


def _small() -> tuple[Block, Machine]:
    """OPT-1.3B on a T4 with so little memory that it needs all tiers."""
    poor = altered(machine(), {"device_bytes": 1.5e9, "host_bytes": 3e9})
    work = layer_work(opt("1.3b"), poor, kept(16), batches=np.array([4.0]), prompt=64.0, output=8.0)
    return block(work, poor, 0, 3, 64.0, host_attention=False), poor


def _grid(one: Block, place: Machine) -> float:
    """Seconds of the best placement in steps of a quarter that fits."""
    quarters = [(g / 4, c / 4, 1 - (g + c) / 4) for g, c in itertools.product(range(5), repeat=2) if g + c <= 4]
    tried = np.array([np.concatenate(each) for each in itertools.product(quarters, repeat=3)])
    fits = [bool(np.all(one.memory.at(x) <= place.capacities)) for x in tried]
    return min(one.seconds(x, 8.0) for x in tried[np.array(fits)])
