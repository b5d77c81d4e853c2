"""LPDDR4 and DDR5 as the memory of an accelerator."""

from interlock.exhibits.base import Reproduction, below, claim, exactly, reproduction, within
from interlock.exhibits.datasheet import bandwidth, capacity
from interlock.hardware import chip

CLAIM = claim("8 GB at 118.4 GB/s (Grayskull), 1.5 TB at 200 GB/s (SN40L)", "the accelerator review, Table 1")


def run() -> Reproduction:
    """A 7B model at INT8 cannot pass 17 tokens a second from 118.4 GB/s."""
    bound = bandwidth("grayskull-e150") / 7e9
    host = chip("sn40l").memories["host"]
    return reproduction(
        within("118.4 GB/s over 7 GB", 16.91, bound, 0.001, "token/s"),
        below("so under 17", 17, bound, "token/s"),
        within("256 bit x 3.7 GT/s", 118.4, 256 / 8 * 3.7, 1e-6, "GB/s"),
        exactly("capacity of the Grayskull", 8, capacity("grayskull-e150") / 2**30, "GiB"),
        within("bandwidth of the SN40L's DDR5", 200, (host.bandwidth or 0) / 1e9, 1e-6, "GB/s"),
    )
