"""Grayskull: printed FP8 and FP16 peaks belong to two different clocks."""

from interlock.exhibits.base import Reproduction, claim, exactly, misprint, within
from interlock.exhibits.datasheet import bandwidth, chip_exhibit, peak

CLAIM = claim("332 TFLOPS FP8, 92 TFLOPS FP16, 8 GB at 118.4 GB/s, 200 W", "the accelerator review, Tables 1 and 2")


def run() -> Reproduction:
    """332 / 4 = 83 is the e150; 92 x 4 = 368 is the part announced in 2020. The record keeps the first set."""
    fp8, fp16 = peak("grayskull-e150", "fp8") / 1e12, peak("grayskull-e150", "fp16") / 1e12
    return chip_exhibit(
        "grayskull-e150",
        exactly("FP8 over FP16 of the record", 4, fp8 / fp16),
        exactly("FP16 of the e150", 83, fp16, "TFLOP/s"),
        misprint("FP16, printed 92", 92, fp16, "TFLOP/s", "of a part of 368 TFLOP/s FP8"),
        exactly("FP8 that belongs to the printed FP16", 368, 92 * 4, "TFLOP/s"),
        within("256 bit x 3.7 GT/s", 118.4, bandwidth("grayskull-e150") / 1e9, 1e-6, "GB/s"),
        weight="int8",
    )
