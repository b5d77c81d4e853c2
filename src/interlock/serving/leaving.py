"""How a scheduler's requests leave a replica that goes: those that wait when it is told, all when it is down."""

from __future__ import annotations

from interlock.serving.job import Job, State
from interlock.serving.scheduler import Scheduler


def leave(scheduler: Scheduler) -> list[Job]:
    """The replica takes nothing new: who waits without a cache on its host goes elsewhere."""
    going = [job for job in scheduler.waiting if not job.swapped]
    scheduler.waiting = [job for job in scheduler.waiting if job.swapped]
    return going


def stop(scheduler: Scheduler, *, moves: bool) -> list[Job]:
    """The replica goes down and the step under way is lost: who was here, with their caches if these are moved."""
    everybody = scheduler.running + scheduler.waiting
    for job in everybody:
        job.swapped = moves and (job.swapped or job.state is State.DECODING)
        job.state, job.context, job.blocks = State.WAITING, 0, 0
    scheduler.running, scheduler.waiting = [], []
    return everybody
