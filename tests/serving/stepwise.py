"""A simulator that takes every step by itself: the scheduler of a real engine under a predicted clock."""

from __future__ import annotations

import numpy as np

from interlock.serving.clock import StepClock
from interlock.serving.core import lives, route
from interlock.serving.engine import Engine, split
from interlock.serving.foreseen import expected_outputs, most, reserved_tokens
from interlock.serving.job import Job, State
from interlock.serving.leaving import leave, stop
from interlock.serving.policy import Policy
from interlock.serving.scheduler import Scheduler
from interlock.serving.speculation import NONE, Speculation
from interlock.serving.work import Work
from interlock.workloads.requests import Requests


def jobs_of(requests: Requests, policy: Policy, engine: Engine) -> list[Job]:
    lengths = expected_outputs(requests, policy)
    keys = policy.order.key(requests, lengths)
    reserve = reserved_tokens(requests, policy, engine)
    levels = policy.order.first_level(requests.prompt) if policy.order.groups == "levels" else [0] * len(requests)
    at = requests.prefix_at if policy.memory.shares_prefixes else [0] * (len(requests) + 1)
    return [
        Job(
            id=i, arrival_s=float(requests.arrival_s[i]), key=float(keys[i]), prompt=int(requests.prompt[i]),
            output=int(requests.output[i]), client=int(requests.client[i]), level=int(levels[i]),
            reserve=int(reserve[i]), width=int(requests.samples[i]),
            expected=int(lengths[i]),
            prefixes=tuple(requests.prefix[at[i] : at[i + 1]].tolist()),
        )
        for i in range(len(requests))
    ]  # fmt: skip


class Router:
    """Routing as its definition reads."""

    def __init__(self, requests: Requests, policy: Policy, schedulers: list[Scheduler], seed: int = 0) -> None:
        self.requests, self.rule, self.schedulers = requests, policy.routing, schedulers
        self.expected = expected_outputs(requests, policy)
        self.assigned: list[list[Job]] = [[] for _ in schedulers]
        self.home: dict[int, int] = {}
        self.marks = [0, seed, 0, 0]
        self.live = set(range(len(schedulers)))

    def score(self, p: int, job: Job) -> float:
        own = [other for other in self.assigned[p] if other.state is not State.FINISHED]
        work = sum(other.prompt + other.width * int(self.expected[other.id]) for other in own)
        memory = self.schedulers[p].memory
        found = self.rule.request_weight * len(own) + self.rule.work_weight * work
        return found - self.rule.prefix_weight * memory.prefix_tokens * memory.hits(job)

    def choose(self, job: Job, among: range) -> int:
        first = among[0] == 0
        among = [p for p in among if p in self.live]
        count = len(among)
        session = int(self.requests.session[job.id]) if first else -1
        if count == 1:
            return among[0]
        if self.rule.candidates == "turn":
            return among[job.id % count]
        if self.rule.candidates == "home" and self.home.get(session) in self.live:
            return self.home[session]
        if self.rule.candidates == "two":
            rules = type("Rules", (), {"marks": 0})()
            one = route.draw(self.marks, rules, count)
            one, other = among[one], among[(one + 1 + route.draw(self.marks, rules, count - 1)) % count]
            return other if self.score(other, job) < self.score(one, job) else one
        best = min(among, key=lambda p: (self.score(p, job), p))
        if session >= 0:
            self.home[session] = best
        return best


class Link:
    """What leaves a replica: one cache after the other."""

    def __init__(self, engine: Engine, policy: Policy) -> None:
        self.engine, self.free_s, self.on_it, self.hidden = engine, 0.0, [], {}
        self.layers = engine.transfer_layers if policy.pools is not None and policy.pools.layerwise else 1

    @property
    def lands_s(self) -> float:
        return self.on_it[0][0] if self.on_it else float("inf")

    def send(self, job: Job, now: float) -> None:
        whole = job.context * self.engine.transfer_s  # the prompt's: what each answer has begun is not sent yet
        visible = max(whole / self.layers, whole - self.hidden[job.id])
        self.free_s = max(now, self.free_s) + self.engine.transfer_latency_s + visible
        self.on_it.append((self.free_s, job))


class Drafter:
    """How many drafts of one request are kept, pass after pass: Park and Miller's generator, one draw a pass."""

    def __init__(self, start: int, drafting: Speculation) -> None:
        self.state, self.acceptance = start, drafting.acceptance

    def kept(self) -> int:
        self.state = self.state * 48271 % (2**31 - 1)
        chance, count = 1.0, 0
        for each in self.acceptance:
            chance *= each
            count += self.state / (2**31 - 1) < chance
        return count


def seconds(engine: Engine, clock: StepClock, step: Work, context: int, chunks: list[tuple[int, int]]) -> float:
    """Of one step: drafts one after the other, each at the mean context of all of them, then one pass over them."""
    many, drafting = len(step.decodes), engine.speculation
    if drafting is None:
        return clock.step_s(sum(job.width for job in step.decodes), context, chunks)
    if not (step.drafts and many):
        spent = clock.step_s(many, context, chunks)
        return spent + (drafting.draft.step_s(0, 0, chunks) if chunks else 0.0)
    later = context + many * (step.drafts - 1) / 2
    spent = drafting.draft.step_s(many, later, chunks) + (step.drafts - 1) * drafting.draft.step_s(many, later, [])
    single = drafting.verify.step_s(many, context, chunks)  # verifies with as many tokens more as there are drafts
    tokens = many + sum(new for new, _ in chunks)
    more = tokens + many * step.drafts
    return spent + single + drafting.verify.step_s(0, 0, [(more, 0)]) - drafting.verify.step_s(0, 0, [(tokens, 0)])


def stepwise(requests: Requests, engine: Engine, policy: Policy) -> list[Job]:
    """Serve all requests, one step after the other; the jobs hold the time of every token."""
    jobs, prefills = jobs_of(requests, policy, engine), split(engine, policy)
    drafting = engine.speculation or NONE
    drafters = [Drafter(start, drafting) for start in drafting.luck(len(requests)).tolist()]
    kinds = [group for group in engine.groups for _ in range(group.replicas)]
    count = len(kinds)

    def fresh(i: int) -> Scheduler:
        return Scheduler(
            policy, kinds[i].kv_tokens, longest=most(policy, engine), prefix_tokens=requests.prefix_tokens,
            host=engine.swap_s >= 0, hands_over=i < prefills,
            drafts=drafting.drafts, drafts_up_to=drafting.most,
        )  # fmt: skip

    schedulers = [fresh(i) for i in range(count)]
    router = Router(requests, policy, schedulers)
    router.live = set(np.flatnonzero(engine.lives.up_at_first(count)).tolist())
    columns = engine.lives.events_of(count)
    events = list(zip(columns.at_s.tolist(), columns.replica.tolist(), columns.kind.tolist(), strict=True))
    stranded: list[Job] = []

    def place(job: Job, among: range, now: float) -> None:
        at = router.choose(job, among)
        router.assigned[at].append(job)
        schedulers[at].receive(job, now) if job.source >= 0 else schedulers[at].add(job, now)
        if work[at] is None:
            until[at] = now

    def happen(now: float) -> None:
        nonlocal under_way
        while events and events[0][0] <= now:
            _, p, kind = events.pop(0)
            if kind == lives.UP:
                if not schedulers[p].running + schedulers[p].waiting and p not in router.live:
                    schedulers[p], work[p], until[p] = fresh(p), None, float("inf")
                    schedulers[p].closing = coming == len(jobs)
                router.live.add(p)
            elif kind == lives.TOLD and p in router.live:
                router.live.discard(p)
                stranded.extend(leave(schedulers[p]))
            elif kind in (lives.DOWN, lives.MOVED):
                router.live.discard(p)
                stranded.extend(stop(schedulers[p], moves=kind == lives.MOVED))
                schedulers[p], work[p], until[p] = fresh(p), None, float("inf")
            for job in [job for job in stranded if job in router.assigned[p]]:
                router.assigned[p].remove(job)
                if job.done:  # it waited for others of its batch
                    job.state = State.FINISHED
                    stranded.remove(job)
                    under_way -= 1
        while router.live and stranded:
            job = min(stranded, key=lambda job: (job.key, job.id))
            stranded.remove(job)
            place(job, range(count), now)

    readers, decoders = range(prefills or count), range(prefills, count)
    links = [Link(engine, policy) for _ in schedulers]
    since = [0.0] * count
    work: list[Work | None] = [None] * count
    until = [float("inf")] * count
    coming, now, under_way = 0, 0.0, 0
    while True:
        p = min(range(count), key=lambda i: (until[i], i))
        link = min(links, key=lambda one: one.lands_s)
        event = min(until[p], link.lands_s)
        free = coming < len(jobs) and under_way < engine.concurrency
        if events and events[0][0] <= min(event, max(jobs[coming].arrival_s, now) if free else float("inf")):
            if coming == len(jobs) and not under_way:
                return jobs
            now = max(events[0][0], now)
            happen(now)
            continue
        if free and max(jobs[coming].arrival_s, now) <= event:
            job = jobs[coming]
            now = job.arrival_s = max(job.arrival_s, now)
            coming, under_way = coming + 1, under_way + 1
            if router.live:
                place(job, readers, now)
            else:
                stranded.append(job)
            if coming == len(jobs):
                for i, scheduler in enumerate(schedulers):
                    scheduler.closing = True
                    if work[i] is None and scheduler.waiting:
                        until[i] = now
            continue
        if event == float("inf"):
            return jobs
        if link.lands_s <= until[p]:
            now = link.lands_s
            job = link.on_it.pop(0)[1]
            source = job.source
            schedulers[source].unpark(job)
            at = next(i for i, own in enumerate(router.assigned) if job in own)
            schedulers[at].land(job)
            for i in (source, at):
                if work[i] is None:
                    until[i] = now
            continue
        now = until[p]
        if (step := work[p]) is not None:
            kept = {job.id: drafters[job.id].kept() for job in step.decodes} if step.drafts else None
            under_way -= len(schedulers[p].done(step, now, kept))
            for job in schedulers[p].leaving:
                job.source, links[p].hidden[job.id] = p, now - since[p]
                router.assigned[p].remove(job)
                place(job, decoders, now)
            schedulers[p].leaving.clear()
        step = schedulers[p].plan(now)
        for job in step.fetched:
            links[job.source].send(job, now)
        if step.empty:
            work[p], until[p] = None, step.wake_s if step.wake_s < 1e200 else float("inf")
            continue
        work[p], since[p] = step, now
        chunks = [(new, job.context) for job, new in step.chunks]
        context = sum(job.width * job.context for job in step.decodes)
        spent = seconds(engine, kinds[p].clock, step, context, chunks) if chunks or step.decodes else 0.0
        moved = step.moved_tokens * (max(engine.swap_s, 0.0) if policy.preemption.swaps else 0.0)
        until[p] = now + (max(spent, moved) if policy.preemption.overlaps else spent + moved)
