"""Two levels of network: tensor parallelism belongs inside, data and pipeline parallelism across."""

from interlock import api
from interlock.exhibits.base import Reproduction, above, claim, holds, reproduction, within
from interlock.exhibits.interconnect import links_of, seconds
from interlock.operators import Communication

CLAIM = claim("scale-up groups joined by a scale-out network, up to tens of thousands of chips", "the mobile slides")


def run() -> Reproduction:
    """Sixteen H100 in two nodes: the plan that keeps tensor parallelism inside a node is the fastest."""
    over, message = links_of("h100-sxm", latency=3e-6), 64 * 8192 * 2.0
    inside = seconds(Communication.ALL_REDUCE, message, 8, over)
    across = seconds(Communication.ALL_REDUCE, message, 16, over)
    plans = {
        (t, p): api.estimate(
            "llama-2-70b",
            "h100-sxm",
            tensor_parallel_size=t,
            pipeline_parallel_size=p,
            data_parallel_size=16 // (t * p),
            batch=64,
            prompt=1024,
            output=256,
        )
        for t, p in ((16, 1), (8, 2), (8, 1), (4, 1), (4, 4))
    }
    fits = {shape: e for shape, e in plans.items() if e.feasible}
    best = max(fits, key=lambda shape: fits[shape].tokens_per_s)
    two = 2 * 7 / 8 * 1e9 / 450e9 + 2 * 1 / 2 * 1e9 / 8 / 50e9
    return reproduction(
        within(
            "all-reduce of 1 GB over two nodes: both levels",
            two * 1e3,
            seconds(Communication.ALL_REDUCE, 1e9, 16, links_of("h100-sxm")) * 1e3,
            0.01,
            "ms",
        ),
        above("crossing the network, over staying inside", 1.1, across / inside),
        holds("the best plan keeps tensor parallelism inside a node", best[0] <= 8, f"TP{best[0]} PP{best[1]}"),
        above("its throughput over that of TP16", 1.1, fits[best].tokens_per_s / plans[16, 1].tokens_per_s),
    )
