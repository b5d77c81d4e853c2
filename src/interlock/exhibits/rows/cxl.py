"""CXL: load and store over the lanes of PCIe, as a tier behind a chip."""

from dataclasses import replace

from interlock import api
from interlock.exhibits.base import Reproduction, claim, exactly, holds, reproduction, within
from interlock.hardware import Memory, chip

CLAIM = claim("cache-coherent memory behind PCIe's lanes", "the survey, IV-E; the mobile slides")
MISSING = "the latency of the link; the planner knows its bandwidth alone"


def run() -> Reproduction:
    """x16 at 32 GT/s, and Llama 2 70B on one H100 whose overflow is read from such a memory in every step."""
    link = 16 * 32e9 / 8
    cxl = Memory(role="spill", technology="DDR5 over CXL", capacity=512e9, bandwidth=link)
    base = chip("h100-sxm")
    e = api.estimate(
        "llama-2-70b", replace(base, memories={**base.memories, "host": cxl}), prompt=128, output=32, stack="ideal"
    )
    slower = replace(base, memories={**base.memories, "host": replace(cxl, bandwidth=link / 2)})
    half = api.estimate("llama-2-70b", slower, prompt=128, output=32, stack="ideal")
    return reproduction(
        exactly("x16 Gen 5, one direction", 64, link / 1e9, "GB/s"),
        holds("the model runs with its overflow in that memory", e.feasible and e.spilled_bytes > 0),
        within("twice the time over half the lanes", 2.0, half.tpot_s / e.tpot_s, 0.02),
    )
