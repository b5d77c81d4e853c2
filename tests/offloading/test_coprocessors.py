"""Assignments against all assignments."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.offloading.coprocessors import Graph, assign, by_trying_all

pytest.importorskip("scipy")


@given(st.integers(0, 10_000))
@settings(max_examples=25)
def test_the_program_finds_the_fastest_assignment(seed):
    rng = np.random.default_rng(seed)
    operators, processors = int(rng.integers(2, 6)), int(rng.integers(2, 4))
    seconds = rng.uniform(0.1, 3.0, (operators, processors))
    seconds[0, 1] = np.inf
    off = 1.0 - np.eye(processors)
    edges = [(a, b, float(rng.uniform(0, 3))) for a in range(operators) for b in range(a + 1, operators)
             if rng.random() < 0.6]  # fmt: skip
    graph = Graph(seconds=seconds, edges=edges, transfer=off * rng.uniform(0, 1), latency=off * 0.1)
    assert graph.cost(assign(graph)) == pytest.approx(graph.cost(by_trying_all(graph)))


def test_a_slow_link_keeps_a_chain_together():
    off = 1.0 - np.eye(2)
    chain = [(0, 1, 1.0), (1, 2, 1.0)]
    seconds = np.array([[1.0, 9.0], [3.0, 2.0], [1.0, 9.0]])
    assert assign(Graph(seconds=seconds, edges=chain, transfer=0.1 * off, latency=0 * off)) == (0, 1, 0)
    assert assign(Graph(seconds=seconds, edges=chain, transfer=1.0 * off, latency=0 * off)) == (0, 0, 0)
