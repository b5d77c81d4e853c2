"""The replica that has the most of the prompt cached, unless it has much more to do than the others.

source:  Srivatsa et al., "Preble: Efficient Distributed Prompt Scheduling for LLM Serving", 2024 (exploit and explore).
"""

from interlock.serving.policy import Routing

POLICY = Routing(
    title="Most of the prompt cached, weighed against load",
    paper="Srivatsa et al. 2024, Preble: Efficient Distributed Prompt Scheduling for LLM Serving",
    work_weight=0.1,
    prefix_weight=1.0,
)
