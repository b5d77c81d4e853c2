"""Systolic array: an output-stationary grid, cycle by cycle, against its closed form and against matrix products."""

import numpy as np
from numpy.typing import NDArray

from interlock.exhibits.base import Reproduction, claim, exactly, reproduction, within

CLAIM = claim(
    "data pulse through a grid of multiply-adds in rhythm", "Kung 1982, Why systolic architectures; the survey, III-C"
)
MISSING = "cycle counts beside those of scalesim"

Ints = NDArray[np.int64]


def fold(a: Ints, b: Ints) -> tuple[Ints, int]:
    """One product (R, T) x (T, C) on an R x C grid: operands enter skewed and move one place a cycle."""
    rows, depth = a.shape
    columns = b.shape[1]
    right, down, sums = (np.zeros((rows, columns), dtype=np.int64) for _ in range(3))
    cycles = rows + columns + depth - 2
    for cycle in range(cycles):
        right[:, 1:], down[1:, :] = right[:, :-1].copy(), down[:-1, :].copy()
        for row in range(rows):
            right[row, 0] = a[row, cycle - row] if 0 <= cycle - row < depth else 0
        for column in range(columns):
            down[0, column] = b[cycle - column, column] if 0 <= cycle - column < depth else 0
        sums += right * down
    return sums, cycles + rows  # results leave through the rows


def matmul(a: Ints, b: Ints, rows: int, columns: int) -> tuple[Ints, int]:
    """A product of any size in folds of the grid's."""
    result, cycles = np.zeros((len(a), b.shape[1]), dtype=np.int64), 0
    for top in range(0, len(a), rows):
        for left in range(0, b.shape[1], columns):
            part, spent = fold(a[top : top + rows], b[:, left : left + columns])
            result[top : top + rows, left : left + columns] = part
            cycles += spent
    return result, cycles


def run() -> Reproduction:
    """Exact products, and 2 R + C + T - 2 cycles a fold."""
    rng = np.random.default_rng(0)
    figures = []
    for m, n, depth, rows, columns in ((8, 8, 16, 8, 8), (16, 24, 10, 8, 8), (12, 4, 33, 4, 4)):
        a, b = rng.integers(-9, 9, (m, depth)), rng.integers(-9, 9, (depth, n))
        result, cycles = matmul(a, b, rows, columns)
        closed = (m // rows) * (n // columns) * (2 * rows + columns + depth - 2)
        figures += [
            exactly(f"wrong elements of {m} x {depth} x {n} on {rows} x {columns}", 0, int((result != a @ b).sum())),
            exactly("cycles, against 2 R + C + T - 2 a fold", closed, cycles),
        ]
    long = 8 * 8 * 512 / (64 * (2 * 8 + 8 + 512 - 2))
    return reproduction(*figures, within("utilisation for a long product, towards 1", 0.959, long, 0.001))
