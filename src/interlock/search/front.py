"""Pareto fronts on a grid of ratios: candidates that differ by less than the grid's step count as equal.

idea: no prediction here is better than a few percent, so a front of candidates that differ by less would be noise.
source: Laumanns et al. 2002 (epsilon-dominance).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def front(objectives: NDArray[np.float64], step: float = 1.03) -> NDArray[np.int64]:
    """Rows of which no other is better in one objective and as good in the others, up to a ratio of `step`.

    Args:
        objectives: (candidates, objectives), all to be minimised, positive; inf where a candidate has no figure.
        step: ratio below which two values are the same; 1 compares exactly.

    Returns:
        Indices of the front, in ascending order; of equal candidates the first.
    """
    if objectives.size == 0:
        return np.zeros(0, dtype=np.int64)
    keys = objectives if step <= 1 else np.floor(np.log(np.maximum(objectives, 1e-300)) / np.log(step))
    _, first = np.unique(keys, axis=0, return_index=True)
    keys, places = keys[np.sort(first)], np.sort(first)
    order = np.lexsort(keys.T[::-1])
    keys, places = keys[order], places[order]
    kept: list[int] = []
    alive = np.ones(len(keys), dtype=bool)
    for row in range(len(keys)):
        if not alive[row]:
            continue
        kept.append(row)
        alive[row + 1 :] &= ~np.all(keys[row + 1 :] >= keys[row], axis=1)
    return np.sort(places[kept]).astype(np.int64)
