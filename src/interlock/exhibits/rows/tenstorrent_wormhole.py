"""Wormhole: the latest release that the review names, as the vendor specifies it."""

from interlock.exhibits.base import Reproduction, claim, exactly, holds, within
from interlock.exhibits.datasheet import bandwidth, capacity, chip_exhibit, peak
from interlock.hardware import chip

CLAIM = claim(
    "n150s: 72 cores, 12 GB at 288 GB/s, 262 TFLOPS FP8, 160 W", "Tenstorrent, specification of Wormhole cards"
)


def run() -> Reproduction:
    """Every figure of the page; 192 bit x 12 GT/s gives the bandwidth."""
    n150 = chip("wormhole-n150")
    source = n150.source_of("engines.matrix")
    return chip_exhibit(
        "wormhole-n150",
        exactly("Tensix cores", 72, n150.engines["matrix"].cores or 0),
        exactly("memory", 12, capacity("wormhole-n150") / 2**30, "GiB"),
        within("192 bit x 12 GT/s", bandwidth("wormhole-n150") / 1e9, 192 / 8 * 12, 1e-6, "GB/s"),
        exactly("FP8", 262, peak("wormhole-n150", "fp8") / 1e12, "TFLOP/s"),
        exactly("card power", 160, n150.tdp or 0, "W"),
        exactly("SRAM, 1.5 MiB a core", 108, (n150.memories["l1"].capacity or 0) / 2**20, "MiB"),
        holds("the record cites the vendor's page", source is not None and "tenstorrent" in source.ref),
        weight="int8",
    )
