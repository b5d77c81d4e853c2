"""ASICs: one schema for all, and what is not published is None rather than a guess."""

from interlock.exhibits.base import Reproduction, claim, exactly, holds, reproduction
from interlock.hardware import all_chips, chip

CLAIM = claim("fixed-function or programmable chips for LLM operators", "the accelerator review, 2.1")
CLASSES = {"accelerator", "sram-accelerator", "wafer", "test-chip"}


def run() -> Reproduction:
    """Every ASIC has engines and memories; absent figures are None, never zero."""
    asics = [item for item in all_chips() if item.category in CLASSES]
    optional = [
        value
        for c in asics
        for value in (c.tdp, c.main.bandwidth, c.main.capacity, *(link.bandwidth for link in c.links.values()))
    ]
    named = ("wse-2", "tpu-v4", "ipu-gc200", "groq-lpu", "gaudi3", "sn40l", "grayskull-e150")
    return reproduction(
        exactly(
            "ASICs of the review's Table 1 in the schema", 7, sum(chip(name).category in CLASSES for name in named)
        ),
        holds(
            "each has engines, a main memory and sources",
            all(c.engines and "main" in c.memories and c.sources for c in asics),
        ),
        holds("a rate that is not published is absent, as of the first Gaudi", chip("gaudi1").peak("bf16") is None),
        holds("no unknown figure is zero", all(value is None or value > 0 for value in optional)),
        holds(
            "the SN40L's power and link bandwidth are explicitly unknown",
            chip("sn40l").tdp is None and chip("sn40l").links["scale_up"].bandwidth is None,
        ),
        holds("the IPU's power is explicitly unknown", chip("ipu-gc200").tdp is None),
    )
