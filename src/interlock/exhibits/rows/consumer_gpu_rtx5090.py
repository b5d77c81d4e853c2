"""A slide's three numbers are those of the GeForce RTX 5090, one of them misread."""

from interlock.exhibits.base import Reproduction, claim, exactly, misprint, within
from interlock.exhibits.datasheet import chip_exhibit, clocked, peak
from interlock.hardware import chip

CLAIM = claim("21760 KB, 58304 KB, 575 W", "a lecture slide on consumer-grade GPUs")


def run() -> Reproduction:
    """170 SM x 128 KB of L1, 96 MB of L2 = 98,304 KB, 575 W."""
    gpu = chip("rtx5090")
    l1, l2 = gpu.memories["l1"].capacity or 0, gpu.memories["l2"].capacity or 0
    return chip_exhibit(
        "rtx5090",
        exactly("SMs", 170, gpu.engines["matrix"].cores or 0),
        exactly("L1, 170 x 128 KB", 21760, l1 / 1024, "KB"),
        within("L2, 96 MB", 96 * 1024, l2 / 1e6 * 1024, 1e-6, "KB"),
        misprint("L2, printed 58304", 58304, l2 / 1e6 * 1024, "KB", "98304 misread"),
        exactly("board power", 575, gpu.tdp or 0, "W"),
        within(
            "170 SM x 512 FLOP x 2.407 GHz, FP32 accumulation",
            peak("rtx5090", "fp16") / 1e12,
            clocked("rtx5090", 512) / 1e12,
            0.005,
            "TFLOP/s",
        ),
    )
