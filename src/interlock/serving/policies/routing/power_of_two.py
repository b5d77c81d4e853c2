"""The less loaded of two replicas drawn at random.

source:  Mitzenmacher, IEEE TPDS 2001.
"""

from interlock.serving.policy import Routing

POLICY = Routing(
    title="The better of two at random",
    paper="Mitzenmacher 2001, The Power of Two Choices in Randomized Load Balancing",
    candidates="two",
    request_weight=1.0,
)
