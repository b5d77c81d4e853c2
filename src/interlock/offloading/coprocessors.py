"""Which processor runs each operator: an integer program over execution and transfer times.

source:  Stone 1977, Multiprocessor scheduling with the aid of network flow algorithms (assignment with communication).
idea:    x[o, p] says that operator o runs on processor p; y[e, p, q] that edge e leads from p to q. Time is that of a
         chain: executions and transfers one after the other, as decoding one sequence is.
keeps:   every operator runs once; an operator that a processor cannot run (inf) is never put there.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from interlock.errors import MissingExtraError

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """Seconds of operators on processors, (operators, processors), and bytes along edges (from, to, bytes)."""

    seconds: Floats
    edges: Sequence[tuple[int, int, float]]
    transfer: Floats  # seconds a byte between processors, (processors, processors), 0 on the diagonal
    latency: Floats  # seconds a transfer, the same

    def cost(self, assignment: Sequence[int]) -> float:
        """Seconds of an assignment."""
        run = sum(float(self.seconds[place, where]) for place, where in enumerate(assignment))
        return run + sum(self.edge(size, assignment[a], assignment[b]) for a, b, size in self.edges)

    def edge(self, size: float, p: int, q: int) -> float:
        """Seconds of an edge between two processors."""
        return 0.0 if p == q else float(self.latency[p, q] + size * self.transfer[p, q])


def assign(graph: Graph) -> tuple[int, ...]:
    """The fastest assignment.

    Raises:
        MissingExtraError: SciPy is not installed.
    """
    try:
        from scipy.optimize import Bounds, LinearConstraint, milp
    except ImportError:
        raise MissingExtraError("assigning operators by integer programming", "offload") from None
    operators, processors = graph.seconds.shape
    pairs = [(p, q) for p in range(processors) for q in range(processors) if p != q]
    nodes, count = operators * processors, operators * processors + len(graph.edges) * len(pairs)
    cost = np.zeros(count)
    can = np.isfinite(graph.seconds)
    cost[:nodes] = np.where(can, graph.seconds, 0.0).ravel()
    rows: list[Floats] = []
    least: list[float] = []
    most: list[float] = []
    for place in range(operators):
        row = np.zeros(count)
        row[place * processors : (place + 1) * processors] = 1.0
        rows, least, most = [*rows, row], [*least, 1.0], [*most, 1.0]
    for number, (a, b, size) in enumerate(graph.edges):
        for index, (p, q) in enumerate(pairs):
            column = nodes + number * len(pairs) + index
            cost[column] = graph.edge(size, p, q)
            row = np.zeros(count)
            row[[a * processors + p, b * processors + q]], row[column] = 1.0, -1.0
            rows, least, most = [*rows, row], [*least, -np.inf], [*most, 1.0]
    upper = np.concatenate([can.ravel().astype(float), np.ones(count - nodes)])
    found = milp(
        cost,
        constraints=LinearConstraint(np.array(rows), np.array(least), np.array(most)),
        integrality=np.ones(count),
        bounds=Bounds(0.0, upper),
    )
    return tuple(int(where) for where in found.x[:nodes].reshape(operators, processors).argmax(axis=1))


def by_trying_all(graph: Graph) -> tuple[int, ...]:
    """The reference: the best of all assignments, for small graphs."""
    operators, processors = graph.seconds.shape
    return min(itertools.product(range(processors), repeat=operators), key=graph.cost)
