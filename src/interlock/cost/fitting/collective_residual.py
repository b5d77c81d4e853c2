"""What the protocols leave, by kriging: neighbours in size and group, and like sets, lend each other what they saw.

idea:    covariance of two rows = a smooth term over all sizes and a short one over about two doublings, each times
         what their chips, stacks and kernels have in common. Rows that stand out from their neighbours count less.
keeps:   sums of positive definite kernels; the numbers below were chosen by errors of folds of the fitted rows.
source:  Rasmussen and Williams 2006 (2.23 to 2.26; Matern 3/2: 4.17).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from interlock.cost.calibrated.collective_sets import SetKey, library_of
from interlock.cost.calibrated.selection import stack_family
from interlock.hardware import chip

NOISE: Final = 0.026
_OUTLIER: Final = 0.3  # residuals beyond it count less


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One term: variance, lengths in doublings of the size and of the group, and shares that unlike sets have.

    Shares multiply: `chips` for the same link technology, any; `stacks` for the same engine, any; `kernels` for
    another width of the element, the same operation or library, neither. `smooth`: Gaussian, else Matern 3/2.
    """

    variance: float
    size: float
    group: float
    smooth: bool
    chips: tuple[float, float]
    stacks: tuple[float, float]
    kernels: tuple[float, float, float]


TERMS: Final = (
    Term(
        variance=1.19, size=18.8, group=4.57, smooth=True,
        chips=(0.92, 0.042), stacks=(0.66, 0.98), kernels=(0.87, 0.94, 0.89),
    ),
    Term(
        variance=0.118, size=2.11, group=0.97, smooth=False,
        chips=(0.70, 0.25), stacks=(0.95, 0.90), kernels=(0.83, 0.41, 0.54),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """Where something is known or asked: log2 of the buffer's bytes, log2 of the group, and the set."""

    size: Any
    group: Any
    code: Any

    def where(self, mask: Any) -> Points:
        """The points that a mask or places keep."""
        return Points(size=self.size[mask], group=self.group[mask], code=self.code[mask])


@dataclass(frozen=True, slots=True, kw_only=True)
class Residuals:
    """Known points, their weights, and how alike sets are."""

    points: Points
    weights: Any
    alike: tuple[Any, ...]

    def at(self, points: Points) -> Any:
        """The residual there."""
        return covariance(points, self.points, self.alike) @ self.weights


def fit_residuals(points: Points, logs: Any, alike: tuple[Any, ...]) -> Residuals:
    """Two passes: the second counts rows less that the first left far off."""
    inside = covariance(points, points, alike)
    inverse = np.linalg.inv(inside + NOISE * np.eye(len(logs)))
    left_out = (inverse @ logs) / np.diag(inverse)  # each by all others
    noise = NOISE * np.maximum(1.0, np.abs(left_out) / _OUTLIER) ** 2
    return Residuals(points=points, weights=np.linalg.solve(inside + np.diag(noise), logs), alike=alike)


def covariance(a: Points, b: Points, alike: tuple[Any, ...]) -> Any:
    """Between all points of one and of the other."""
    apart = np.abs(a.size[:, None] - b.size[None])
    groups = (a.group[:, None] - b.group[None]) ** 2
    total = np.zeros_like(apart)
    for term, sets in zip(TERMS, alike, strict=True):
        d = apart / term.size
        near = np.exp(-0.5 * d**2) if term.smooth else (1.0 + np.sqrt(3.0) * d) * np.exp(-np.sqrt(3.0) * d)
        total += term.variance * near * np.exp(-0.5 * groups / term.group**2) * sets[np.ix_(a.code, b.code)]
    return total


def likeness(sets: tuple[SetKey, ...]) -> tuple[Any, ...]:
    """For each term, what each pair of sets has in common."""
    technology = {key[0]: _technology(key[0]) for key in sets}
    chips = _steps([(key[0], technology[key[0]]) for key in sets])
    stacks = _steps([(key[1], stack_family(key[1])) for key in sets])
    exact = np.array([[x[2:] == y[2:] for y in sets] for x in sets])
    operation = np.array([[x[2] == y[2] for y in sets] for x in sets])
    library = np.array([[library_of(x[3]) == library_of(y[3]) for y in sets] for x in sets])
    kernels = np.where(exact, 0, np.where(operation & library, 1, np.where(operation | library, 2, 3)))
    return tuple(_shared(t.chips, chips) * _shared(t.stacks, stacks) * _shared(t.kernels, kernels) for t in TERMS)


def _shared(shares: tuple[float, ...], steps: Any) -> Any:
    return np.cumprod([1.0, *shares])[steps]


def _technology(name: str) -> str:
    link = chip(name).links.get("scale_up")
    return name if link is None else link.technology


def _steps(names: list[tuple[str, str]]) -> Any:
    """0 for the same, 1 for the same family, 2 for others."""
    return np.array([[0 if x == y else 1 if x[1] == y[1] else 2 for y in names] for x in names])
