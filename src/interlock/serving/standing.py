"""Who stands where: the first of those that wait, the last of those that run, and how much memory all will need."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from interlock.serving.job import Job, State
from interlock.serving.ledger import Ledger
from interlock.serving.policy import Memory, Order, Policy


def first(order: Order, waiting: Iterable[Job], counters: Mapping[int, float]) -> Job:
    """Who of those waiting is next."""
    if order.groups == "clients":
        return min(waiting, key=lambda job: (counters[job.client], job.client, job.key, job.id))
    if order.groups == "levels":
        return min(waiting, key=lambda job: (job.level, job.key, job.id))
    return min(waiting, key=lambda job: (job.key, job.id))


def last(policy: Policy, running: Iterable[Job]) -> Job:
    """Who of those running makes room."""
    here = [job for job in running if job.state is not State.MOVING]
    if policy.order.groups == "levels":
        return max(here, key=lambda job: (job.level, job.key, job.id))
    if policy.preemption.victim == "last":
        return max(here, key=lambda job: (job.key, job.id))
    return max(here, key=lambda job: job.order)


def starved(order: Order, waiting: Iterable[Job], now: float) -> Job | None:
    """The first of a level below the highest, if it has waited so long that it is promoted."""
    firsts: dict[int, Job] = {}
    for job in sorted(waiting, key=lambda job: (job.level, job.key, job.id)):
        firsts.setdefault(job.level, job)
    late = (job for level, job in firsts.items() if level > 0 and now >= job.queued_s + order.promote_s)
    return next(late, None)


def lasts(ledger: Ledger, running: Collection[Job], job: Job) -> bool:
    """Whether a batch will not outgrow its memory with one more, where that is looked at."""
    memory = ledger.memory
    return not (memory.foresees and running) or future_peak(memory, running, job) <= ledger.total * memory.block


def future_peak(memory: Memory, running: Iterable[Job], job: Job) -> int:
    """Most tokens that the cache will hold if a request joins those running and all get what is expected of them.

    Whoever has least left ends first; until then everyone grows by as much.
    """
    rows = sorted((_ahead(memory, other) for other in (*running, job)), reverse=True)
    kept = width = peak = 0
    for left, own, wide in rows:
        kept, width = kept + own, width + wide
        peak = max(peak, kept + width * left)
    return peak


def _ahead(memory: Memory, job: Job) -> tuple[int, int, int]:
    """Tokens that it will get, those that it holds once its prompt is read (to whole blocks), and how many answers."""
    decoding = job.state in (State.DECODING, State.RESTORING, State.MOVING) or job.swapped
    context = job.context if job.state is State.DECODING else job.known - decoding
    left = (job.expected or job.output) - job.made - (not decoding)
    full = job.prompt // memory.block * memory.block
    return max(left, 0), full + job.width * (context - full + memory.block - 1), job.width
