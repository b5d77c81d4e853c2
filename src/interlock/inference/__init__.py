"""One step, one request, and the memory they need."""

from interlock.inference.memory import Memory, memory_plan
from interlock.inference.service import Service, serve
from interlock.inference.step_cost import PricedOperator, StepCost, price_step

__all__ = ["Memory", "PricedOperator", "Service", "StepCost", "memory_plan", "price_step", "serve"]
