"""The best one-to-one assignment of a square table of worths, by shortest augmenting paths with dual prices.

source: Kuhn 1955, the Hungarian method; Jonker and Volgenant 1987, the form with one path a row, O(n^3).
keeps:  the sum over rows of worth[row, chosen[row]] is the largest of all permutations.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def best_assignment(worth: Floats) -> NDArray[np.int64]:
    """The chosen column of each row."""
    cost = -np.asarray(worth, dtype=np.float64)
    size = len(cost)
    of_row, of_column = np.zeros(size + 1), np.zeros(size + 1)  # prices; the last column is a dummy that starts a path
    owner = np.full(size + 1, -1, dtype=np.int64)
    for row in range(size):
        owner[size] = row
        at = size
        least, came = np.full(size, np.inf), np.full(size, size, dtype=np.int64)
        seen = np.zeros(size + 1, dtype=bool)
        while owner[at] >= 0:
            seen[at] = True
            here = int(owner[at])
            open_ = ~seen[:size]
            step = cost[here] - of_row[here] - of_column[:size]
            better = open_ & (step < least)
            least[better], came[better] = step[better], at
            nearest = int(np.where(open_, least, np.inf).argmin())
            delta = least[nearest]
            of_row[owner[seen]] += delta
            of_column[seen] -= delta
            least[open_] -= delta
            at = nearest
        while at != size:
            owner[at] = owner[came[at]]
            at = int(came[at])
    chosen = np.empty(size, dtype=np.int64)
    chosen[owner[:size]] = np.arange(size)
    return chosen
