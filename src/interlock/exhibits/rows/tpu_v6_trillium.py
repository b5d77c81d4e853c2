"""TPU v6e: the latest release that the review names, outside its analysis."""

from interlock.exhibits.base import Reproduction, claim, exactly, holds, within
from interlock.exhibits.datasheet import bandwidth, chip_exhibit, clocked, peak
from interlock.hardware import chip

CLAIM = claim("TPU v6 (Trillium) is the latest release; not analysed", "the accelerator review, Table 1")


def run() -> Reproduction:
    """A sourced record: 4 MXUs of 256 x 256, links and memory."""
    v6e = chip("tpu-v6e")
    source = v6e.source_of("engines.matrix.peaks")
    return chip_exhibit(
        "tpu-v6e",
        holds("the peaks have a source", source is not None, source.ref if source else ""),
        holds("it has no printed figures: it lies outside the review's analysis", not v6e.printed),
        within("4 MXU x 65,536 multiply-adds x 1.75 GHz", 918, clocked("tpu-v6e", 2 * 256**2) / 1e12, 0.005, "TFLOP/s"),
        exactly("INT8 over BF16", 2, peak("tpu-v6e", "int8") / peak("tpu-v6e", "bf16")),
        within("bandwidth over that of the v4", 1.34, bandwidth("tpu-v6e") / bandwidth("tpu-v4"), 0.01),
        weight="bf16",
    )
