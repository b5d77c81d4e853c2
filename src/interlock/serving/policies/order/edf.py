"""Earliest deadline first: the deadline for the first token, as each request asks for it.

source:  Liu and Layland, Journal of the ACM 1973, section 7 (deadline-driven scheduling).
"""

from interlock.serving.policy import Order

POLICY = Order(
    title="Earliest deadline of the first token first",
    paper="Liu and Layland 1973, Scheduling Algorithms for Multiprogramming in a Hard-Real-Time Environment",
    key=lambda requests, expected: requests.arrival_s + requests.deadline_s,
)
