"""Gaudi 2: the relative of Gaudi 3 that DeepSpeed supports."""

from interlock.exhibits.base import Reproduction, claim, exactly, holds, within
from interlock.exhibits.datasheet import chip_exhibit, clocked, peak
from interlock.exhibits.facts import table
from interlock.hardware import chip

CLAIM = claim("DeepSpeed supports (Gaudi2) of the Gaudi family", "the accelerator review, Table 4")


def run() -> Reproduction:
    """The dated entry of the support matrix, and the chip's own arithmetic."""
    matrix = table("support_matrix")
    entry = matrix["rows"]["Intel Gaudi 3"][matrix["columns"].index("deepspeed")]
    up, out = chip("gaudi2").links["scale_up"], chip("gaudi2").links["scale_out"]
    return chip_exhibit(
        "gaudi2",
        holds("transcribed, with a year", entry == "Gaudi2" and matrix["as_of"] >= 2023),
        within("2 MME x 65,536 multiply-adds x 1.65 GHz", 432, clocked("gaudi2", 2 * 256**2) / 1e12, 0.005, "TFLOP/s"),
        exactly("24 x 100 GbE, one direction", 300, ((up.bandwidth or 0) + (out.bandwidth or 0)) / 1e9, "GB/s"),
        within("FP8 over BF16", 2, peak("gaudi2", "fp8") / peak("gaudi2", "bf16"), 0.01),
    )
