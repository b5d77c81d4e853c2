"""Fitting the formula to a few rows of one chip by robust least squares, without PyTorch.

idea:    Levenberg-Marquardt on the logarithms of parameters and times; pseudo-Huber loss; a ridge towards the start,
         each parameter with its own width. What the formula leaves over goes into a Gaussian process.
departs: the Jacobian comes from differences: nineteen parameters and some thousand rows make it cheap.
source:  Marquardt 1963; Charbonnier et al. 1997 (the loss, by reweighting).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np

from interlock.cost.calibrated.facts import Facts
from interlock.cost.calibrated.own import Residuals, features_of, likeness
from interlock.cost.calibrated.product_terms import Bytes, Terms, product_units
from interlock.cost.fitting.own_start import Start

_NOISE: Final = 0.08  # a logarithm: where the loss turns from squares to absolute values
_STEPS: Final = 40
_STEP: Final = 1e-4
_ENOUGH: Final = 1e-4  # relative gain below which a step is the last
_DAMPING: Final = (1e-2, 1e-6, 1e12)  # at the start, at least, at most
_ROW_NOISE: Final = 0.05  # of one measurement beside its neighbours
_AMPLITUDE: Final = (0.15, 1.0)  # of what the formula leaves unexplained, at least and at most
_ROBUST: Final = 1.48  # standard deviation over median absolute value, of a normal distribution
_WILD: Final = 2.0
_SUPPORT: Final = 600  # shapes that are kept


def fit_parameters(terms: Terms, log_units: Any, start: Start) -> Any:
    """Logarithms of the parameters that suit rows of one chip, engine and scheme."""
    logs = start.centre.copy()
    damping = _DAMPING[0]
    cost = _cost(logs, terms, log_units, start)
    for _ in range(_STEPS):
        left, slope = _slopes(logs, terms, log_units, start)
        weight = 1.0 / (_NOISE**2 * np.sqrt(1.0 + (left / _NOISE) ** 2))
        away = (logs - start.centre) / start.width**2
        curvature = slope.T @ (slope * weight[:, None]) + np.diag(1.0 / start.width**2)
        gradient = slope.T @ (weight * left) + away
        gain = 0.0
        while gain <= 0.0 and damping < _DAMPING[2]:
            step = np.linalg.solve(curvature + damping * np.diag(np.diag(curvature)), -gradient)
            gain = cost - _cost(logs + step, terms, log_units, start)
            damping *= 4.0 if gain <= 0.0 else 0.3
        if gain <= 0.0:
            break
        logs, cost = logs + step, cost - gain
        damping = max(damping, _DAMPING[1])
        if gain < _ENOUGH * cost:
            break
    return logs


def fit_residuals(
    sizes: tuple[Any, Any, Any], left: Any, each: Bytes, facts: Facts, start: Start, seed: int
) -> Residuals:
    """Weights of measured shapes, so that shapes nearby take over what the formula missed there."""
    kept = np.sort(np.random.default_rng(seed).permutation(len(left))[:_SUPPORT])
    m, n, k = (np.asarray(size, dtype=float)[kept] for size in sizes)
    spread = float(np.clip(_ROBUST * np.median(np.abs(left)), *_AMPLITUDE))
    bare = Residuals(
        m=m, n=n, k=k, weight=np.zeros(len(kept)), amplitude=spread, mean=start.mean, deviation=start.deviation
    )
    known = features_of(bare, m, n, k, each, facts)
    limit = _WILD * spread  # a wild row must not bend its neighbourhood
    covariance = spread**2 * likeness(known, known) + _ROW_NOISE**2 * np.eye(len(kept))
    return replace(bare, weight=np.linalg.solve(covariance, np.clip(left[kept], -limit, limit)))


def left_by(logs: Any, terms: Terms, log_units: Any, start: Start) -> Any:
    """Logarithm of measured over formula."""
    return log_units - np.log(product_units(terms, start.parameters(logs)))


def _cost(logs: Any, terms: Terms, log_units: Any, start: Start) -> float:
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        left = left_by(logs, terms, log_units, start) / _NOISE
        robust = 2.0 * np.sum(np.sqrt(1.0 + left**2) - 1.0)
    total = float(robust + np.sum(((logs - start.centre) / start.width) ** 2))
    return total if np.isfinite(total) else np.inf


def _slopes(logs: Any, terms: Terms, log_units: Any, start: Start) -> tuple[Any, Any]:
    left = left_by(logs, terms, log_units, start)
    slope = np.empty((len(left), len(logs)))
    for place in range(len(logs)):
        moved = logs.copy()
        moved[place] += _STEP
        slope[:, place] = (left_by(moved, terms, log_units, start) - left) / _STEP
    return left, slope
