"""SN40L: three tiers of memory on a socket."""

from interlock.exhibits.base import Reproduction, claim, exactly, within
from interlock.exhibits.datasheet import bandwidth, capacity, chip_exhibit, peak
from interlock.exhibits.model_size import weights_bytes
from interlock.hardware import chip

CLAIM = claim("638 TFLOPS BF16, 64 GB at 2 TB/s, 1.5 TB at 200 GB/s", "the accelerator review, Tables 1 and 2")
MISSING = "the efficiency of fused against unfused kernels"


def run() -> Reproduction:
    """The tiers as they are sourced, and how long one expert takes from DDR to HBM."""
    host = chip("sn40l").memories["host"]
    switch = weights_bytes("llama-2-7b", "bf16") / (host.bandwidth or float("nan"))
    return chip_exhibit(
        "sn40l",
        within("BF16", 638, peak("sn40l", "bf16") / 1e12, 1e-9, "TFLOP/s"),
        exactly("HBM", 64, capacity("sn40l") / 2**30, "GiB"),
        exactly("DDR", 1536, (host.capacity or 0) / 2**30, "GiB"),
        within("HBM bandwidth over DDR bandwidth", 10, bandwidth("sn40l") / (host.bandwidth or float("nan")), 0.001),
        within("one Llama 2 7B from DDR to HBM at 200 GB/s", 67.4, switch * 1e3, 0.01, "ms"),
        weight="bf16",
    )
