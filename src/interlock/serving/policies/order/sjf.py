"""Shortest job first, by the predicted length of the answer.

source:  Zheng et al., "Response Length Perception and Sequence Scheduling", NeurIPS 2023; Schrage 1968 for the optimum.
departs: among waiting requests only; who runs is not preempted.
"""

from interlock.serving.policy import Order

POLICY = Order(
    title="Shortest predicted answer first",
    paper="Zheng et al. 2023, Response Length Perception and Sequence Scheduling",
    key=lambda requests, expected: expected,
)
