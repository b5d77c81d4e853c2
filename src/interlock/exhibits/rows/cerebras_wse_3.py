"""WSE-3: the latest release that the review names, outside its analysis."""

from interlock.exhibits.base import Reproduction, claim, holds, within
from interlock.exhibits.datasheet import bandwidth, capacity, chip_exhibit, clocked, engine, peak
from interlock.hardware import chip

CLAIM = claim("latest release after the WSE-2; not analysed", "the accelerator review, Table 1")


def run() -> Reproduction:
    """A sourced record: 900,000 cores of twice the width, 44 GB; the vendor's 125 PFLOPS is sparse."""
    source = chip("wse-3").source_of("engines.matrix")
    return chip_exhibit(
        "wse-3",
        holds("the record has a source", source is not None, source.ref if source else ""),
        holds(
            "none of its figures is printed in the analysed tables",
            not any("analysed" in item.where for item in chip("wse-3").printed),
        ),
        within(
            "900,000 cores x 16 FLOP x 1.1 GHz",
            peak("wse-3", "fp16") / 1e15,
            clocked("wse-3", 16) / 1e15,
            0.01,
            "PFLOP/s",
        ),
        within(
            "vendor's peak = sparse",
            125,
            peak("wse-3", "fp16") * engine("wse-3").sparsity_factor / 1e15,
            0.02,
            "PFLOP/s",
        ),
        within("capacity", 44, capacity("wse-3") / 1e9, 0.01, "GB"),
        within("bandwidth", 21, bandwidth("wse-3") / 1e15, 0.01, "PB/s"),
    )
