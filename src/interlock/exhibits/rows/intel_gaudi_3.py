"""Gaudi 3: the printed link is one lane; FP16 at a quarter of BF16 is no misprint."""

from interlock.exhibits.base import Reproduction, claim, exactly, misprint, within
from interlock.exhibits.datasheet import bandwidth, chip_exhibit, clocked, peak
from interlock.hardware import chip

CLAIM = claim("1,835 TFLOPS FP8 and BF16, 459 FP16, 900 W, links of 112 Gb/s", "the accelerator review, Tables 1 to 3")


def run() -> Reproduction:
    """24 ports of 200 GbE are 600 GB/s a direction: 21 stay in the server, 3 leave it."""
    up, out = chip("gaudi3").links["scale_up"], chip("gaudi3").links["scale_out"]
    inside, outside = (up.bandwidth or 0) / 1e9, (out.bandwidth or 0) / 1e9
    return chip_exhibit(
        "gaudi3",
        within(
            "8 MME x 65,536 multiply-adds x 1.75 GHz", 1835, clocked("gaudi3", 2 * 256 * 256) / 1e12, 0.001, "TFLOP/s"
        ),
        exactly("24 x 200 GbE, one direction", 600, inside + outside, "GB/s", "1,200 GB/s both directions"),
        exactly("ports inside the server", 21, up.links or 0),
        misprint("link, printed 112 Gb/s", 112 / 8, inside + outside, "GB/s", "one SerDes lane of 48"),
        within(
            "BF16 over FP16", 4, peak("gaudi3", "bf16") / peak("gaudi3", "fp16"), 0.001, note="FP16 runs at a quarter"
        ),
        within("bandwidth, printed 3.7", 3.67, bandwidth("gaudi3") / 1e12, 0.001, "TB/s"),
        weight="bf16",
    )
