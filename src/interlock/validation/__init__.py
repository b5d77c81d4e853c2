"""Predictions scored against public measurements."""

from interlock.validation.comparison import Comparison, Gap, Row, Validation, validate
from interlock.validation.predictor import Predictor, first_principles
from interlock.validation.score import Score, scores

__all__ = ["Comparison", "Gap", "Predictor", "Row", "Score", "Validation", "first_principles", "scores", "validate"]
