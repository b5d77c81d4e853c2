"""The assignment of rows to columns that keeps most, by shortest augmenting paths.

source: Kuhn, "The Hungarian method for the assignment problem", Naval Research Logistics Quarterly 1955; Munkres 1957;
        in the form with potentials, one shortest path a row, O(rows^2 x columns).
symbols: u and v are the potentials of rows and columns; `slack` is what a column still costs from the rows reached.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def assignment(cost: Floats) -> NDArray[np.int64]:
    """The column of each row such that the sum of costs is least.

    Args:
        cost: (rows, columns), at least as many columns as rows.
    """
    rows, columns = cost.shape
    u, v = np.zeros(rows + 1), np.zeros(columns + 1)
    owner = np.full(columns + 1, -1, dtype=np.int64)  # of each column; the last column stands for the row that is new
    for row in range(rows):
        owner[columns] = row
        at, slack = columns, np.full(columns, np.inf)
        came = np.full(columns, columns, dtype=np.int64)
        reached = np.zeros(columns + 1, dtype=bool)
        while owner[at] >= 0:
            reached[at] = True
            here = owner[at]
            through = cost[here] - u[here] - v[:columns]
            better = ~reached[:columns] & (through < slack)
            slack[better], came[better] = through[better], at
            nearest = int(np.argmin(np.where(reached[:columns], np.inf, slack)))
            step = slack[nearest]
            u[owner[reached]] += step
            v[reached] -= step
            slack[~reached[:columns]] -= step
            at = nearest
        while at != columns:  # everyone on the path moves on by one column
            owner[at] = owner[came[at]]
            at = int(came[at])
    found = np.zeros(rows, dtype=np.int64)
    found[owner[:columns][owner[:columns] >= 0]] = np.flatnonzero(owner[:columns] >= 0)
    return found
