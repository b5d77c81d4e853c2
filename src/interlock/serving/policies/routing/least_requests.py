"""The replica with the fewest requests.

source:  join the shortest queue, Winston, Journal of Applied Probability 1977.
"""

from interlock.serving.policy import Routing

POLICY = Routing(
    title="Fewest requests", paper="Winston 1977, Optimality of the shortest line discipline", request_weight=1.0
)
