"""H200: one half of a printed column; the other half is the MI300X."""

from interlock.exhibits.base import Reproduction, claim, misprint, within
from interlock.exhibits.datasheet import bandwidth, chip_exhibit, peak
from interlock.hardware import chip

CLAIM = claim("141~192 GB, 5.3 TB/s, ~4000 TOP/s, over 700 W in one column", "the mobile slides, More limitations")


def run() -> Reproduction:
    """141 GB and 4000 TOP/s (sparse) are the H200, 192 GB and 5.3 TB/s the MI300X."""
    h200, mi300x = chip("h200-sxm"), chip("mi300x")
    gibi = 2**30
    return chip_exhibit(
        "h200-sxm",
        within("capacity of the H200", 141, (h200.main.capacity or 0) / gibi, 0.01, "GiB"),
        within("capacity of the MI300X", 192, (mi300x.main.capacity or 0) / gibi, 0.01, "GiB"),
        within("bandwidth of the H200", 4.8, bandwidth("h200-sxm") / 1e12, 0.005, "TB/s"),
        misprint("bandwidth of the H200 is not 5.3", 5.3, bandwidth("h200-sxm") / 1e12, "TB/s"),
        within("bandwidth of the MI300X", 5.3, bandwidth("mi300x") / 1e12, 0.005, "TB/s"),
        within("INT8 of the H200 with 2:4 sparsity", 3958, 2 * peak("h200-sxm", "int8") / 1e12, 0.005, "TOP/s"),
        model="llama-2-70b",
    )
