"""A session stays with the replica of its first request, which has the least work then."""

from interlock.serving.policy import Routing

POLICY = Routing(
    title="Sessions stay where they began",
    paper="Gao et al. 2024, Cost-Efficient LLM Serving for Multi-turn Conversations with CachedAttention",
    candidates="home",
    work_weight=1.0,
)
