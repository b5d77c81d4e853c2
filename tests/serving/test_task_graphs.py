"""Sub-tasks that depend on each other: never before what they need, in the best order, together where they can be."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.errors import InputError
from interlock.serving.clock import affine_clock
from interlock.serving.registry import policy
from interlock.serving.reordering import _densest_first, in_order, reorder, weighted_completion
from interlock.serving.task_graphs import Task, alone_s, run_graph

CLOCK = affine_clock(base_s=8e-3, token_s=2e-5, sequence_s=3e-5, context_s=1e-8)


@st.composite
def graphs(draw, most=7):
    count = draw(st.integers(1, most))
    after = [tuple(sorted(draw(st.sets(st.integers(0, i - 1), max_size=2)))) if i else () for i in range(count)]
    seconds = [draw(st.integers(1, 9)) / 4 for _ in range(count)]
    return seconds, [float(draw(st.integers(0, 9))) for _ in range(count)], after


def allowed(order, after):
    return all(order.index(parent) < order.index(task) for task in order for parent in after[task])


@given(graph=graphs(most=6))
@settings(max_examples=60, deadline=None)
def test_the_order_is_the_best_of_all_that_are_allowed(graph):
    seconds, weights, after = graph
    order = reorder(seconds, weights, after)
    assert allowed(order, after)
    costs = [
        weighted_completion(one, seconds, weights) for one in permutations(range(len(seconds))) if allowed(one, after)
    ]
    assert weighted_completion(order, seconds, weights) == pytest.approx(min(costs))


@given(graph=graphs(most=25))
@settings(max_examples=30, deadline=None)
def test_large_graphs_are_in_an_allowed_order_no_worse_than_the_one_given(graph):
    seconds, weights, after = graph
    order = reorder(seconds, weights, after)
    assert allowed(order, after)
    assert allowed(_densest_first(seconds, weights, after), after)
    assert weighted_completion(order, seconds, weights) <= weighted_completion(in_order(after), seconds, weights) + 1e-9


def test_without_dependencies_it_is_smiths_rule():
    seconds, weights = [3.0, 1.0, 2.0], [3.0, 2.0, 1.0]
    assert reorder(seconds, weights, [(), (), ()]) == [1, 0, 2]
    assert _densest_first(seconds, weights, [(), (), ()]) == [1, 0, 2]


def test_a_circle_is_refused():
    with pytest.raises(InputError, match="circles"):
        reorder([1.0, 1.0], [1.0, 1.0], [(1,), (0,)])


@given(graph=graphs(), seats=st.sampled_from([1, 2, 8]), wait=st.sampled_from([0.0, 0.05]), seed=st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_nobody_begins_before_what_it_waits_for(graph, seats, wait, seed):
    _, _, after = graph
    tasks = [Task(prompt=5 + 7 * (i + seed) % 40, output=1 + 11 * (i + seed) % 30, after=parents, wait_s=wait)
             for i, parents in enumerate(after)]  # fmt: skip
    ran = run_graph(tasks, CLOCK, policy("vllm", max_num_seqs=seats), 10_000)
    for i, task in enumerate(tasks):
        assert ran.ready_s[i] == pytest.approx(max((ran.finish_s[parent] for parent in task.after), default=0.0) + wait)
        assert ran.first_s[i] > ran.ready_s[i]
    if seats == 1 and wait == 0:
        assert max(ran.finish_s) == pytest.approx(sum(alone_s(task, CLOCK) for task in tasks))


def test_independent_tasks_in_one_batch_read_the_weights_once_a_step():
    tasks = [Task(prompt=20, output=50) for _ in range(8)]
    serial, batch = (run_graph(tasks, CLOCK, policy("orca+paged", max_num_seqs=seats), 10_000) for seats in (1, 8))
    assert serial.steps == 8 * 50
    assert batch.steps == 50
    assert 6 < max(serial.finish_s) / max(batch.finish_s) < 8


def test_a_chain_gains_nothing_by_seats():
    chain = [Task(prompt=20, output=10, after=(i - 1,) if i else (), wait_s=0.1) for i in range(5)]
    one, many = (run_graph(chain, CLOCK, policy("vllm", max_num_seqs=seats), 10_000) for seats in (1, 8))
    assert one == many
    assert max(one.finish_s) == pytest.approx(5 * 0.1 + sum(alone_s(task, CLOCK) for task in chain))


def test_keys_from_the_reordering_bring_urgent_results_first():
    tasks = [
        Task(prompt=10, output=100),
        Task(prompt=10, output=10, weight=9.0),
        Task(prompt=10, output=10, after=(1,), weight=9.0),
    ]
    seconds = [alone_s(task, CLOCK) for task in tasks]
    order = reorder(seconds, [task.weight for task in tasks], [task.after for task in tasks])
    keys = [float(order.index(i)) for i in range(3)]
    rule = policy("vllm", max_num_seqs=1)
    plain, sorted_ = run_graph(tasks, CLOCK, rule, 10_000), run_graph(tasks, CLOCK, rule, 10_000, keys=keys)
    assert sorted_.finish_s[2] < plain.finish_s[1]
