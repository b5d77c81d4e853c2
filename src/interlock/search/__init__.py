"""The joint space of deployments: priced at once, constrained, ranked, explained."""

from interlock.search.goals import Goals
from interlock.search.plan import Plan, Runner, make_plan
from interlock.search.space import Priced, Space, price_space

__all__ = ["Goals", "Plan", "Priced", "Runner", "Space", "make_plan", "price_space"]
