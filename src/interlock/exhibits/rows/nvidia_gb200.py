"""GB200: the latest release that the review names, outside its analysis."""

from interlock.exhibits.base import Reproduction, claim, exactly, holds, within
from interlock.exhibits.datasheet import bandwidth, chip_exhibit, peak
from interlock.hardware import chip
from interlock.hardware.node import node

CLAIM = claim("latest release after the H100; not analysed", "the accelerator review, Table 1")


def run() -> Reproduction:
    """A sourced and dated record per GPU, and the rack that joins 72 of them."""
    gb200 = chip("gb200")
    source = gb200.source_of("engines.matrix.peaks")
    return chip_exhibit(
        "gb200",
        exactly("year", 2024, gb200.year),
        holds("the peaks have a source", source is not None, source.ref if source else ""),
        holds("it has no printed figures: it lies outside the review's analysis", not gb200.printed),
        exactly("FP8 over BF16", 2, peak("gb200", "fp8") / peak("gb200", "bf16")),
        within("bandwidth of one GPU", 8.0, bandwidth("gb200") / 1e12, 0.01, "TB/s"),
        exactly("GPUs of an NVL72 rack", 72, node("gb200-nvl72").chips),
        model="llama-2-70b",
    )
