"""InfiniBand: 400 Gb/s is 50 GB/s a port, and eight ports serve a node."""

from interlock.exhibits.base import Reproduction, claim, exactly, misprint, reproduction, within
from interlock.exhibits.interconnect import links_of, seconds
from interlock.hardware import chip
from interlock.operators import Communication

CLAIM = claim("InfiniBand 400 Gb/s node to node", "the accelerator review, Table 3")


def run() -> Reproduction:
    """Bytes a second in the record, and a hierarchical all-reduce over 4 nodes of 8 GPUs with 8 ports."""
    port = chip("h100-sxm").links["scale_out"].bandwidth or 0
    over, amount, inner, nodes = links_of("h100-sxm"), 1e9, 8, 4
    inside = 2 * (inner - 1) / inner * amount / 450e9
    between = 2 * (nodes - 1) / nodes * (amount / inner) / 50e9
    return reproduction(
        exactly("400 Gbit/s", 50, port / 1e9, "GB/s"),
        misprint("taken for GB/s", 400, port / 1e9, "GB/s"),
        exactly("eight ports of a node", 400, 8 * port / 1e9, "GB/s"),
        within(
            "all-reduce of 1 GB over 32 GPUs: inside, then an eighth on each port",
            (inside + between) * 1e3,
            seconds(Communication.ALL_REDUCE, amount, inner * nodes, over) * 1e3,
            0.01,
            "ms",
        ),
    )
