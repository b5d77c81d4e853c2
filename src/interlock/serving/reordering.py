"""The order of sub-tasks that depend on each other, one at a time, so that urgent results come first.

source: Sidney, "Decomposition Algorithms for Single-Machine Sequencing with Precedence Relations and Deferral Costs",
        Operations Research 1975: what has the most weight a second, with all that it waits for, goes first. Exact for
        few tasks: Held and Karp's recursion over sets of tasks done, "A Dynamic Programming Approach to Sequencing
        Problems", 1962.
keeps:  nobody goes before what it depends on; the weighted sum of completion times is at most that of the order given.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from interlock.errors import InputError

EXACT: Final = 14  # tasks for which all sets are looked at


def reorder(seconds: Sequence[float], weights: Sequence[float], after: Sequence[Sequence[int]]) -> list[int]:
    """Tasks in the order in which they should run.

    Args:
        seconds: how long each takes.
        weights: how urgent each result is.
        after: for each, the tasks whose results it needs.

    Raises:
        InputError: tasks that wait for each other in a circle.
    """
    given = in_order(after)
    found = _exact(seconds, weights, after) if len(given) <= EXACT else _densest_first(seconds, weights, after)
    return min(found, given, key=lambda order: weighted_completion(order, seconds, weights))


def in_order(after: Sequence[Sequence[int]]) -> list[int]:
    """First come, first served, as far as dependencies allow.

    Raises:
        InputError: a circle.
    """
    done: list[int] = []
    left = list(range(len(after)))
    while left:
        ready = next((task for task in left if set(after[task]) <= set(done)), None)
        if ready is None:
            raise InputError("tasks", f"tasks {left} that wait for each other", "dependencies without circles")
        done.append(ready)
        left.remove(ready)
    return done


def weighted_completion(order: Sequence[int], seconds: Sequence[float], weights: Sequence[float]) -> float:
    """The sum of weight times completion time."""
    now = total = 0.0
    for task in order:
        now += seconds[task]
        total += weights[task] * now
    return total


def _exact(seconds: Sequence[float], weights: Sequence[float], after: Sequence[Sequence[int]]) -> list[int]:
    """The least cost of every set of tasks that can be done first, from smaller sets to larger ones."""
    count = len(seconds)
    needs = [sum(1 << parent for parent in parents) for parents in after]
    spent = [0.0] * (1 << count)
    best: list[tuple[float, int]] = [(float("inf"), -1)] * (1 << count)
    best[0] = (0.0, -1)
    for done in range(1 << count):
        if best[done][0] == float("inf"):
            continue
        for task in range(count):
            if not done >> task & 1 and needs[task] & done == needs[task]:
                more = done | 1 << task
                spent[more] = spent[done] + seconds[task]
                cost = best[done][0] + weights[task] * spent[more]
                if cost < best[more][0]:
                    best[more] = (cost, task)
    order, done = [], (1 << count) - 1
    while done:
        order.append(best[done][1])
        done ^= 1 << best[done][1]
    return order[::-1]


def _densest_first(seconds: Sequence[float], weights: Sequence[float], after: Sequence[Sequence[int]]) -> list[int]:
    """Again and again the task that has, with all that it still waits for, the most weight a second."""
    ancestors: list[set[int]] = [set() for _ in seconds]
    for task in in_order(after):
        for parent in after[task]:
            ancestors[task] |= ancestors[parent] | {parent}
    order: list[int] = []
    left = set(range(len(seconds)))

    def density(task: int) -> float:
        group = (ancestors[task] | {task}) & left
        return sum(weights[one] for one in group) / max(sum(seconds[one] for one in group), 1e-30)

    while left:
        best = max(sorted(left), key=density)
        group = (ancestors[best] | {best}) & left
        order += [task for task in in_order(after) if task in group]
        left -= group
    return order
