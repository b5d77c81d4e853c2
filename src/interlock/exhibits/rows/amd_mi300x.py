"""MI300X: the review prints the eight-GPU platform's peaks beside one GPU's memory."""

from interlock.exhibits.base import Reproduction, claim, misprint, within
from interlock.exhibits.datasheet import bandwidth, chip_exhibit, clocked, peak

CLAIM = claim("20.9 PFLOPS FP8, 10.5 PFLOPS FP16, 5.2 TB/s, 750 W", "the accelerator review, Tables 1 and 2")


def run() -> Reproduction:
    """304 CU x 2048 FLOP x 2.1 GHz = 1,307 TFLOP/s; eight of them are what is printed."""
    fp16, fp8 = peak("mi300x", "fp16") / 1e12, peak("mi300x", "fp8") / 1e12
    stacks = 8 * 1024 * 5.2e9 / 8
    return chip_exhibit(
        "mi300x",
        within("dense FP16 of one GPU", 1307.4, clocked("mi300x", 2048) / 1e12, 0.001, "TFLOP/s"),
        within("dense FP8 of one GPU", 2614.9, fp8, 0.001, "TFLOP/s"),
        misprint("FP16, printed 10.5", 10.5, fp16 / 1e3, "PFLOP/s", "eight GPUs, beside one GPU's memory and power"),
        within("printed FP16 = eight GPUs", 10.5, 8 * fp16 / 1e3, 0.005, "PFLOP/s"),
        within("printed FP8 = eight GPUs", 20.9, 8 * fp8 / 1e3, 0.005, "PFLOP/s"),
        within("printed FP32 = eight GPUs", 1.3, 8 * peak("mi300x", "fp32") / 1e15, 0.01, "PFLOP/s"),
        within(
            "8 stacks x 1024 bit x 5.2 Gbit/s", bandwidth("mi300x") / 1e12, stacks / 1e12, 0.01, "TB/s", "printed 5.2"
        ),
        model="llama-2-70b",
    )
