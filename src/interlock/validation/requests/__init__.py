"""Measured requests and what the formulas say of them."""

from interlock.validation.requests.prediction import bound, predict
from interlock.validation.requests.stack import Stack, Stacks, stacks

__all__ = ["Stack", "Stacks", "bound", "predict", "stacks"]
