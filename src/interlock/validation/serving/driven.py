"""One replica whose scheduler is driven step by step, as an engine drives it, by any price of a step.

idea:    the compiled simulator keeps mean contexts; a step that is priced from the very contexts of its sequences (a
         measured profile with mixed and uneven batches) needs the scheduler itself, which decides the same.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from interlock.serving.job import Job
from interlock.serving.policy import Policy
from interlock.serving.scheduler import Scheduler
from interlock.workloads.requests import Requests

Floats = NDArray[np.float64]
StepPrice = Callable[[Floats, list[tuple[int, int]]], float]  # contexts of who decodes; new and cached of each chunk


class _Remembering(Scheduler):
    """Full blocks of generated tokens are found again, too, by the request that made them, as in vLLM."""

    def _preempt(self, job: Job) -> None:
        memory = self.memory
        whole = job.context // memory.prefix_tokens if memory.prefix_tokens else 0
        made = tuple(-(job.id << 20) - at - 1 for at in range(len(job.prefixes), whole))
        job.prefixes += made
        job.blocks -= len(made) * memory.per_prefix
        memory.pinned |= dict.fromkeys(made, 1)
        super()._preempt(job)


def drive(requests: Requests, policy: Policy, kv_tokens: int, seconds: StepPrice) -> tuple[list[Job], int]:
    """Serve all requests on one replica.

    Args:
        requests: what comes.
        policy: the decisions; orders by arrival, whole prompts reserved.
        kv_tokens: what the cache holds.
        seconds: of one step.

    Returns:
        The jobs, with the time of every token, and the steps that were taken.
    """
    scheduler = _Remembering(policy, kv_tokens, prefix_tokens=requests.prefix_tokens)
    columns = zip(requests.arrival_s.tolist(), requests.prompt.tolist(), requests.output.tolist(), strict=True)
    shared = policy.memory.shares_prefixes
    jobs = [
        Job(
            id=at, arrival_s=s, key=s, prompt=p, output=o,
            prefixes=tuple(requests.prefix[slice(*requests.prefix_at[at : at + 2])].tolist()) if shared else (),
        )
        for at, (s, p, o) in enumerate(columns)
    ]  # fmt: skip
    coming, now, steps = 0, 0.0, 0
    while True:
        while coming < len(jobs) and jobs[coming].arrival_s <= now:
            scheduler.add(jobs[coming])
            coming += 1
        work = scheduler.plan(now)
        if work.empty:
            if coming == len(jobs):
                return jobs, steps
            now = jobs[coming].arrival_s
            continue
        contexts = np.array([job.context for job in work.decodes], dtype=float)
        now += seconds(contexts, [(new, job.context) for job, new in work.chunks])
        scheduler.done(work, now)
        steps += 1


def latencies_of(jobs: list[Job]) -> dict[str, Floats]:
    """TTFT, TPOT and end-to-end latency, as `vllm bench serve` defines them."""
    arrival = np.array([job.arrival_s for job in jobs])
    first, last = np.array([job.times[0] for job in jobs]), np.array([job.times[-1] for job in jobs])
    more = np.array([job.output - 1.0 for job in jobs])
    tpot = np.where(more > 0, (last - first) / np.maximum(more, 1.0), np.nan)
    return {"ttft": first - arrival, "tpot": tpot, "e2el": last - arrival}
