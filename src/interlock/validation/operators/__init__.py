"""Predictions of operator-level measurements: each family is lowered to operators, which the cost model prices."""

from interlock.validation.operators.pricing import implausible, predict

__all__ = ["implausible", "predict"]
