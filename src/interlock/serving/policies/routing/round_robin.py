"""Each replica in turn."""

from interlock.serving.policy import Routing

POLICY = Routing(title="Each replica in turn", paper="folklore", candidates="turn")
