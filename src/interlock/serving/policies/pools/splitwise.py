"""Splitwise.

source: Patel et al., "Splitwise: Efficient Generative LLM Inference Using Phase Splitting", ISCA 2024:
        prompts in batches on prompt machines, shortest queue at both ends, caches sent layer by layer.
departs: no third pool of mixed machines that grows under load.
"""

from interlock.serving.policy import Pools

POLICY = Pools(
    title="Prompts and tokens on machines of their own, caches sent layer by layer",
    paper="Patel 2024",
    layerwise=True,
    with_batching="vllm:token_budget=2048",
    with_routing="least-work",
)
