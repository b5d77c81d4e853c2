"""Low power: tokens a joule of one model on every chip that holds it, and what the power figure is."""

from interlock import api
from interlock.exhibits.base import Reproduction, above, below, claim, exactly, holds, reproduction
from interlock.exhibits.facts import table
from interlock.hardware import all_chips

CLAIM = claim("TDPs from 192 W to 20 kW", "the accelerator review, 4")
MODEL = "llama-3.2-1b"  # small enough for nearly all


def run() -> Reproduction:
    """Decoding at batch 1: a value for each chip whose power is published, and a caveat where it is no chip's TDP."""
    known = [chip for chip in all_chips() if chip.tdp is not None]
    caveats = table("power_caveats")["chips"]
    rates = {}
    for chip in known:
        e = api.estimate(MODEL, chip, prompt=128, output=64, stack="ideal")
        if e.feasible and e.joules_per_token:
            rates[chip.id] = 1 / e.joules_per_token
    review = [chip.tdp or 0 for chip in known if chip.id in ("h100-sxm", "mi300x", "wse-2", "tpu-v4", "gaudi3")]
    return reproduction(
        exactly("least power of the review's Table 1", 192, min(review), "W", caveats["tpu-v4"]),
        exactly("greatest", 20_000, max(review), "W", caveats["wse-2"]),
        above("chips with a value", 40, len(rates)),
        holds("every caveat is about a chip that has a value", set(caveats) <= set(rates)),
        above(
            "tokens a joule of a phone over those of an H100, one user", 1, rates["dimensity-9300"] / rates["h100-sxm"]
        ),
        below(
            "tokens a joule of the wafer over those of an H100, one user", 1, rates["wse-2"] / rates["h100-sxm"] / 10
        ),
    )
