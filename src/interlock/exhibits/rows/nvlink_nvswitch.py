"""NVLink and NVSwitch: 900 GB/s counts both directions; all-reduce uses 450."""

from interlock.exhibits.base import Reproduction, claim, exactly, reproduction, within
from interlock.exhibits.facts import fact
from interlock.exhibits.interconnect import bus_bandwidth, links_of
from interlock.hardware import chip

CLAIM = claim("NVLink 900 GB/s chip to chip and card to card", "the accelerator review, Table 3")


def run() -> Reproduction:
    """18 links of 50 GB/s, and ring all-reduce against published bus bandwidths within 20 %."""
    link = chip("h100-sxm").links["scale_up"]
    each, count = 50.0, link.links or 0
    latency = 3e-6
    h100, a100 = links_of("h100-sxm", latency=latency), links_of("a100-80g", share=0.75, latency=latency)
    quarter, large = fact("h100-8x-all-reduce-256mib"), fact("h100-8x-all-reduce-8g")
    older = fact("a100-8x-all-reduce-8g")
    return reproduction(
        exactly("18 links x 50 GB/s, both directions", 900, count * each, "GB/s"),
        exactly("one direction", 450, (link.bandwidth or 0) / 1e9, "GB/s"),
        within(quarter.what, quarter.value, bus_bandwidth(2**28, 8, h100) / 1e9, 0.2, quarter.unit),
        within(large.what, large.value, bus_bandwidth(8e9, 8, h100) / 1e9, 0.2, large.unit),
        within(older.what, older.value, bus_bandwidth(8e9, 8, a100) / 1e9, 0.2, older.unit, "at 0.75 of 300 GB/s"),
    )
