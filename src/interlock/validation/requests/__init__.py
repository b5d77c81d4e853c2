"""Measured requests and what the formulas say of them."""

from interlock.cost.stack import Stack, Stacks, stacks
from interlock.validation.requests.prediction import bound, predict

__all__ = ["Stack", "Stacks", "bound", "predict", "stacks"]
