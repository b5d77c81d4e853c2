"""IPU-Link, GW-Link and Sync-Link: two carry data, one carries synchronisation."""

from interlock.exhibits.base import Reproduction, claim, exactly, holds, reproduction
from interlock.hardware import chip

CLAIM = claim("IPU-Links 320 GB/s, GW-Link 100 Gb/s, Sync-Link 100 Gb/s", "the accelerator review, Table 3")


def run() -> Reproduction:
    """10 links x 32 GB/s, both directions; no record counts the Sync-Link as a data link."""
    ipu = chip("ipu-gc200")
    up, out = ipu.links["scale_up"], ipu.links["scale_out"]
    return reproduction(
        exactly(
            "10 links x 32 GB/s, both directions", 320, (up.links or 0) * 2 * (up.pair_bandwidth or 0) / 1e9, "GB/s"
        ),
        exactly("one direction", 160, (up.bandwidth or 0) / 1e9, "GB/s"),
        exactly("a GW-Link port of 100 Gbit/s, shared by two chips", 50, (out.bandwidth or 0) * 8 / 1e9, "Gbit/s"),
        holds("no data link is a Sync-Link", not any("Sync" in link.technology for link in ipu.links.values())),
        holds("the printed Sync-Link is explained", any("signals, not data" in item.why for item in ipu.printed)),
    )
