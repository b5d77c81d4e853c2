"""Virtual token counter: the client that has been served the fewest weighted tokens goes next.

source:  Sheng et al., "Fairness in Serving Large Language Models", OSDI 2024, algorithm 1 and theorem 4.4.
keeps:   two clients who both always have requests waiting differ by at most twice what one step or one prompt can add.
"""

from interlock.serving.policy import Order

POLICY = Order(
    title="Virtual token counter: the least served client first",
    paper="Sheng et al. 2024, Fairness in Serving Large Language Models",
    key=lambda requests, expected: requests.arrival_s,
    groups="clients",
)
