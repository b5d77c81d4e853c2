"""Data centre against phone: three ratios that hold, from a column that mixes two chips."""

from interlock.exhibits.base import Reproduction, claim, exactly, misprint, reproduction, within
from interlock.exhibits.datasheet import bandwidth, capacity, peak

CLAIM = claim("capacity 8x, bandwidth 69x, compute 80x", "the mobile slides, More limitations")


def run() -> Reproduction:
    """192 / 24, 5300 / 76.8 and 4000 / 50; the last is of a sparse peak, and no one chip has all three."""
    phone = "dimensity-9300"
    dense = peak("h200-sxm", "int8") / peak(phone, "int8")
    return reproduction(
        exactly("capacity, 192 / 24", 8, 192 / 24),
        within("capacity of the MI300X over the phone's", 8, capacity("mi300x") / capacity(phone), 0.001),
        within("bandwidth, 5300 / 76.8", 69.0, 5300 / 76.8, 0.001),
        within("bandwidth of the MI300X over the phone's", 69.0, bandwidth("mi300x") / bandwidth(phone), 0.001),
        exactly("compute, 4000 / 50", 80, 4000 / 50),
        misprint("compute of the H200, dense, over the phone's", 80, dense, "", "80 is with 2:4 sparsity"),
        within("the same, dense", 40, dense, 0.02),
        misprint("the H200 does not have 5.3 TB/s", 5.3, bandwidth("h200-sxm") / 1e12, "TB/s", "that is the MI300X"),
        misprint(
            "the MI300X does not have 4000 TOP/s",
            4000,
            peak("mi300x", "int8") / 1e12,
            "TOP/s",
            "that is the H200, sparse",
        ),
        within("an 8 GB phone instead of 24", 24, capacity("mi300x") / (8 * 2**30), 0.001),
    )
