"""Graphcore IPU: the review joins the bandwidth of the Bow with the arithmetic of the MK2."""

from interlock.exhibits.base import Reproduction, claim, misprint, within
from interlock.exhibits.datasheet import bandwidth, chip_exhibit, clocked, peak

CLAIM = claim("65 TB/s, 250 TFLOPS FP16, 62 TFLOPS FP32", "the accelerator review, Tables 1 and 2")


def run() -> Reproduction:
    """Two chips of the same tiles at two clocks; 64 in a pod hold Llama 2 7B."""
    mk2, bow = "ipu-gc200", "ipu-bow"
    return chip_exhibit(
        mk2,
        within("MK2 FP16, 1472 tiles x 128 FLOP x 1.325 GHz", 250, clocked(mk2, 128) / 1e12, 0.005, "TFLOP/s"),
        within("Bow FP16, the same at 1.85 GHz", 350, clocked(bow, 128) / 1e12, 0.01, "TFLOP/s"),
        within("MK2 bandwidth", 47.5, bandwidth(mk2) / 1e12, 0.01, "TB/s"),
        within("Bow bandwidth", 65.4, bandwidth(bow) / 1e12, 0.01, "TB/s"),
        misprint("MK2 bandwidth, printed 65", 65, bandwidth(mk2) / 1e12, "TB/s", "that is the Bow"),
        within(
            "clock step, by bandwidth and by peak",
            peak(bow, "fp16") / peak(mk2, "fp16"),
            bandwidth(bow) / bandwidth(mk2),
            0.03,
        ),
        chips=16,
        stages=16,
    )
