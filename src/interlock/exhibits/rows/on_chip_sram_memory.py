"""SRAM alone: bandwidth without capacity, so that models need many chips."""

from interlock.exhibits.base import Reproduction, above, claim, exactly, reproduction
from interlock.exhibits.datasheet import bandwidth, capacity, chips_to_hold

CLAIM = claim("IPU 0.9 GB, LPU 230 MB, WSE-2 40 GB of SRAM", "the accelerator review, Table 1 and 3.1.1")


def run() -> Reproduction:
    """Hundreds of LPUs for 70 billion parameters, and how much faster each turns its memory over than HBM."""
    turnover = {name: bandwidth(name) / capacity(name) for name in ("groq-lpu", "ipu-gc200", "wse-2", "h100-sxm")}
    return reproduction(
        exactly("LPUs for 70 GB, INT8", 305, chips_to_hold(70e9, "groq-lpu")),
        exactly("LPUs for 140 GB, FP16", 609, chips_to_hold(140e9, "groq-lpu")),
        exactly("IPUs for 140 GB", 153, chips_to_hold(140e9, "ipu-gc200")),
        exactly("WSE-2 for 140 GB", 4, chips_to_hold(140e9, "wse-2")),
        *(
            above(
                f"{name} reads all its memory more often than an H100",
                100 * turnover["h100-sxm"],
                turnover[name],
                "1/s",
            )
            for name in ("groq-lpu", "ipu-gc200", "wse-2")
        ),
    )
