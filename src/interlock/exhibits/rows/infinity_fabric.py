"""Infinity Fabric: 128 GB/s is one link, both directions; seven of them join eight GPUs."""

from interlock.exhibits.base import Reproduction, claim, exactly, misprint, reproduction, within
from interlock.exhibits.interconnect import links_of, seconds
from interlock.hardware import chip
from interlock.operators import Communication

CLAIM = claim("Infinity Fabric 128 GB/s card to card", "the accelerator review, Table 3")


def run() -> Reproduction:
    """The sum beside NVLink's, and what two GPUs alone can exchange."""
    link, nvlink = chip("mi300x").links["scale_up"], chip("h100-sxm").links["scale_up"]
    each = 2 * (link.pair_bandwidth or 0) / 1e9
    pair = 1e9 / seconds(Communication.POINT_TO_POINT, 1e9, 2, links_of("mi300x"))
    return reproduction(
        exactly("one link, both directions", 128, each, "GB/s"),
        exactly("7 links x 128 GB/s", 896, (link.links or 0) * each, "GB/s"),
        within("beside NVLink's sum of 900", 896 / 900, (link.bandwidth or 0) / (nvlink.bandwidth or 1), 1e-9),
        misprint("the sum of one GPU, printed 128", 128, 2 * (link.bandwidth or 0) / 1e9, "GB/s", "that is one link"),
        within("two GPUs alone, one direction", 64, pair / 1e9, 0.001, "GB/s"),
    )
