"""The replica with the fewest tokens to read and, as predicted, to write."""

from interlock.serving.policy import Routing

POLICY = Routing(
    title="Least predicted work",
    paper="Harchol-Balter et al. 1999, On choosing a task assignment policy",
    work_weight=1.0,
)
