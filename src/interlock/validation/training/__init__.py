"""Measured training steps and what the formulas say of them."""

from interlock.validation.training.prediction import predict, step_works

__all__ = ["predict", "step_works"]
