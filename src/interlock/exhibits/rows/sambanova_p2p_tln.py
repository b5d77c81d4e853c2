"""SambaNova's socket links: unpublished, so nothing is guessed."""

from dataclasses import replace

from interlock import api
from interlock.exhibits.base import Reproduction, claim, exactly, holds, reproduction
from interlock.hardware import chip

CLAIM = claim("die-to-die, peer-to-peer and top-level network, bandwidths not given", "the accelerator review, Table 3")


def run() -> Reproduction:
    """Null bandwidths stay null; eight sockets are refused until somebody assumes a bandwidth."""
    sn40l = chip("sn40l")
    link = sn40l.links["scale_up"]
    refused = api.estimate("llama-2-70b", sn40l, tensor_parallel_size=8)
    assumed = replace(sn40l, links={**sn40l.links, "scale_up": replace(link, bandwidth=100e9)})
    allowed = api.estimate("llama-2-70b", assumed, tensor_parallel_size=8)
    return reproduction(
        holds("the bandwidth is null", link.bandwidth is None and link.pair_bandwidth is None),
        holds("eight sockets are refused", not refused.feasible, "; ".join(refused.problems)),
        holds("and planned with an assumption of 100 GB/s", allowed.feasible),
        exactly("sockets of that plan", 8, float(allowed.request.parallelism.chips)),
    )
