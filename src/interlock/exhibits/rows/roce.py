"""RoCE on Gaudi 3: 24 ports of 200 GbE, 21 of them inside the server."""

from interlock.exhibits.base import Reproduction, claim, exactly, misprint, reproduction, within
from interlock.exhibits.interconnect import links_of, seconds
from interlock.hardware import chip
from interlock.operators import Communication

CLAIM = claim("RoCE, PAM4 112 Gb/s between cards and PAM8 800 Gb/s between nodes", "the accelerator review, Table 3")


def run() -> Reproduction:
    """Three ports to each of seven peers; all-to-all over eight cards; three ports leave the server."""
    up, out = chip("gaudi3").links["scale_up"], chip("gaudi3").links["scale_out"]
    port = 200 / 8
    amount = 8e9
    return reproduction(
        exactly("24 ports", 24, (up.links or 0) + (out.bandwidth or 0) / 1e9 / port),
        exactly("ports to each peer", 3, (up.pair_bandwidth or 0) / 1e9 / port),
        exactly("inside the server, one direction", 21 * port, (up.bandwidth or 0) / 1e9, "GB/s"),
        exactly("out of the server", 600, (out.bandwidth or 0) * 8 / 1e9, "Gbit/s", "printed 800, an OSFP port"),
        misprint("between cards, printed 112 Gb/s", 112, (up.bandwidth or 0) * 8 / 1e9, "Gbit/s", "one lane of 48"),
        within(
            "all-to-all of 8 GB over 8 cards: an eighth of an eighth on each pair",
            amount / 64 / 75e9 * 1e3,
            seconds(Communication.ALL_TO_ALL, amount, 8, links_of("gaudi3")) * 1e3,
            1e-6,
            "ms",
        ),
    )
