"""First come, first served."""

from interlock.serving.policy import Order

POLICY = Order(
    title="First come, first served",
    paper="Yu et al. 2022, Orca: A Distributed Serving System for Transformer-Based Generative Models",
    key=lambda requests, expected: requests.arrival_s,
)
