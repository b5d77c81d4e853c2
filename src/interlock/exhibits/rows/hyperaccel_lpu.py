"""HyperAccel LPU: published latencies against the bandwidth of its memory, and synchronisation behind computation."""

from interlock.exhibits.base import Reproduction, below, claim, holds, reproduction, within
from interlock.exhibits.facts import fact
from interlock.exhibits.model_size import weights_bytes
from interlock.exhibits.overlap import pipelined, serial

CLAIM = claim(
    "1.25 ms a token for 1.3 billion parameters, 20.9 ms for 66 billion on two", "Moon et al. 2024, LPU, abstract"
)


def run() -> Reproduction:
    """Weights over bandwidth: utilisation below one; and a link that sends one tile while the next is computed."""
    rate = fact("hyperaccel-lpu-bandwidth").value * 1e12
    small = weights_bytes("opt-1.3b") / rate / (fact("hyperaccel-lpu-1.3b").value * 1e-3)
    large = weights_bytes("opt-66b") / (2 * rate) / (fact("hyperaccel-lpu-66b").value * 1e-3)
    work, send = [1.0] * 64, [0.8] * 64
    hidden = 1 - (pipelined(work, send) - sum(work)) / sum(send)
    return reproduction(
        within("weights of OPT 1.3B at FP16", 2.63, weights_bytes("opt-1.3b") / 1e9, 0.01, "GB"),
        below("share of the bandwidth, 1.3B on one", 1.0, small),
        below("share of the bandwidth, 66B on two", 1.0, large),
        within("64 tiles with their synchronisation, one after the other", 64 * 1.8, serial(work, send), 1e-9),
        within("the same overlapped: one synchronisation is left", 64 + 0.8, pipelined(work, send), 1e-9),
        holds("98 % of the synchronisation is hidden", hidden > 0.98, f"{hidden:.1%}"),
    )
