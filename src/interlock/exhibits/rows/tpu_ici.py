"""ICI: six links a chip; printed as one link, and under another name."""

from interlock.exhibits.base import Reproduction, claim, exactly, misprint, reproduction, within
from interlock.exhibits.interconnect import links_of, seconds
from interlock.hardware import chip
from interlock.operators import Communication

CLAIM = claim("Inter-Core Interconnect, 50 GB/s", "the accelerator review, Table 3")


def run() -> Reproduction:
    """6 x 50 GB/s as the review has it, 6 x 45 as the record has it; all-reduce on a torus by its closed form."""
    link = chip("tpu-v4").links["scale_up"]
    each, count = (link.pair_bandwidth or 0) / 1e9, link.links or 0
    amount, group = 1e9, 64
    closed = 2 * (group - 1) / group * amount / (count * each * 1e9)
    return reproduction(
        exactly("6 links x 50 GB/s, as printed", 300, count * 50, "GB/s"),
        exactly("6 links x 45 GB/s, the record", (link.bandwidth or 0) / 1e9, count * each, "GB/s"),
        within("one link of the record, printed 50", 50, each, 0.11, "GB/s", "sources give 45 and 50"),
        misprint("the sum of a chip, printed 50", 50, (link.bandwidth or 0) / 1e9, "GB/s", "one link, one direction"),
        within(
            "all-reduce of 1 GB over 4 x 4 x 4: 2 (n - 1) / n V / 6 links",
            closed * 1e3,
            seconds(Communication.ALL_REDUCE, amount, group, links_of("tpu-v4")) * 1e3,
            1e-6,
            "ms",
        ),
    )
