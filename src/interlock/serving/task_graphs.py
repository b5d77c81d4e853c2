"""Agents' task graphs: requests that wait for the results of others, and for tools, under the scheduler of one replica.

idea:    a sub-task comes to the queue when everything that it needs is there and its tool has answered. What is
         independent shares steps as far as the policy's batch allows; `keys` says who goes first.
departs: one replica, step by step; the compiled simulator takes requests whose times are known.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from interlock.errors import InputError
from interlock.serving.clock import StepClock
from interlock.serving.job import Job
from interlock.serving.policy import Policy
from interlock.serving.reordering import in_order
from interlock.serving.scheduler import Scheduler


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One call of the model. It comes `wait_s` (a tool, or a user) after the last of the tasks that it is `after`."""

    prompt: int
    output: int
    after: tuple[int, ...] = ()
    wait_s: float = 0.0
    weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """Seconds at which each task could begin, had its first token, and ended; and steps that were taken."""

    ready_s: list[float]
    first_s: list[float]
    finish_s: list[float]
    steps: int


def alone_s(task: Task, clock: StepClock) -> float:
    """Seconds of a task that has the replica for itself."""
    steps = (clock.step_s(1, task.prompt + made, []) for made in range(task.output - 1))
    return clock.step_s(0, 0, [(task.prompt, 0)]) + sum(steps)


def run_graph(
    tasks: Sequence[Task], clock: StepClock, policy: Policy, kv_tokens: int, *, keys: Sequence[float] | None = None
) -> Ran:
    """Run all tasks.

    Args:
        tasks: calls, by their place in the list.
        clock: seconds of a step.
        policy: of one replica.
        kv_tokens: of its cache.
        keys: least goes first, of those that wait; first come, first served if None.

    Raises:
        InputError: a circle of dependencies, or a task that memory cannot hold.
    """
    in_order([task.after for task in tasks])
    for i, task in enumerate(tasks):
        if task.prompt + task.output > kv_tokens:
            raise InputError("tasks", f"{task.prompt + task.output} tokens in task {i}", f"at most {kv_tokens}")
    scheduler = Scheduler(policy, kv_tokens)
    ready = [task.wait_s if not task.after else math.inf for task in tasks]
    jobs: dict[int, Job] = {}
    finish = [math.inf] * len(tasks)
    now, steps = 0.0, 0
    while math.inf in finish:
        for i in sorted(range(len(tasks)), key=lambda i: (ready[i], i)):
            if i not in jobs and ready[i] <= now:
                key = ready[i] if keys is None else keys[i]
                jobs[i] = Job(id=i, arrival_s=ready[i], key=key, prompt=tasks[i].prompt, output=tasks[i].output,
                              reserve=tasks[i].prompt + tasks[i].output)  # fmt: skip
                scheduler.add(jobs[i], now)
        work = scheduler.plan(now)
        if work.empty:
            now = min(ready[i] for i in range(len(tasks)) if i not in jobs)
            continue
        chunks = [(new, job.context) for job, new in work.chunks]
        now += clock.step_s(len(work.decodes), sum(job.context for job in work.decodes), chunks)
        steps += 1
        for job in scheduler.done(work, now):
            finish[job.id] = now
            for i, task in enumerate(tasks):
                if job.id in task.after and all(finish[parent] <= now for parent in task.after):
                    ready[i] = now + task.wait_s
    return Ran(
        ready_s=ready, first_s=[jobs[i].times[0] for i in range(len(tasks))], finish_s=finish, steps=steps
    )  # fmt: skip
