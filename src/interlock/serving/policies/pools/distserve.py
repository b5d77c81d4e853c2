"""DistServe.

source: Zhong et al., "DistServe: Disaggregating Prefill and Decoding for Goodput-optimized Large Language Model
        Serving", OSDI 2024, section 4.3: first come first served, shortest queue, least loaded decoder; caches are
        fetched when the decoder has room.
"""

from interlock.serving.policy import Pools

POLICY = Pools(
    title="Prefill and decoding on replicas of their own, caches fetched when there is room",
    paper="Zhong 2024",
    layerwise=False,
    with_batching="vllm:token_budget=2048",
    with_routing="least-requests",
)
