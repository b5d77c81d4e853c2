"""The scheduler of one replica, step by step: what a real engine drives, and what the compiled simulator must equal.

idea:    `plan` says what the next step computes: chunks of prompts, who decodes, whose cache moves. The engine computes
         it, be it with a model or by a clock, and calls `done`. The values of a `Policy` decide, and nothing else.
keeps:   a token is made once; memory is never promised twice; whether somebody waiting can be let in is asked again
         only after something has come, gone or been read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from interlock.serving.job import Job, State
from interlock.serving.ledger import Ledger
from interlock.serving.policy import UNLIMITED, Policy
from interlock.serving.standing import first, last, lasts, starved
from interlock.serving.work import Work


class Scheduler:
    """Decides what each step of a replica does."""

    def __init__(
        self, policy: Policy, kv_tokens: int, *, longest: int = 2**17, prefix_tokens: int = 0, host: bool = False,
        hands_over: bool = False, drafts: int = 0, drafts_up_to: int = UNLIMITED,
    ) -> None:  # fmt: skip
        self.policy, self.drafts, self.drafts_up_to = policy, drafts, drafts_up_to
        self.hands_over = hands_over  # it reads prompts, and somebody else decodes
        self.leaving: list[Job] = []  # who has been read and is to be handed over
        self.landed: list[Job] = []
        self.memory = Ledger(policy.memory, kv_tokens, prefix_tokens)
        self.longest = min(longest, self.memory.total * policy.memory.block)
        self.swaps = policy.preemption.swaps and host
        self.waiting: list[Job] = []
        self.running: list[Job] = []  # in the order they were let in
        self.counters: defaultdict[int, float] = defaultdict(float)
        self.closing = False  # nothing more will come
        self._last_client: int | None = None
        self._changed = True
        self._order = 0
        self._longest_answer = 0
        self._moved, self._now = 0, 0.0

    def add(self, job: Job, now: float | None = None) -> None:
        """A request arrives, for the first time or from a replica that is going, with the tokens that it has."""
        job.state, job.known = State.WAITING, job.prompt + job.made
        job.queued_s = job.arrival_s if now is None else now
        if self.policy.order.groups == "clients" and all(other.client != job.client for other in self.waiting):
            self._lift(job.client)
        self.waiting.append(job)
        self._changed = True

    def receive(self, job: Job, now: float | None = None) -> None:
        """A request comes whose cache another replica holds (`job.source`) until it has been let in and fetched."""
        job.swapped = True
        self.add(job, now)

    def land(self, job: Job) -> None:
        """A cache that was fetched is here; its request decodes from the next step on."""
        job.source = -1
        self.landed.append(job)

    def unpark(self, job: Job) -> None:
        """A cache that was here has landed elsewhere."""
        self.memory.unpark(job)
        self._changed = True

    def _lift(self, client: int) -> None:
        """A client that comes back does not keep the credit of its absence."""
        if self.waiting:
            floor = min(self.counters[other.client] for other in self.waiting)
        elif self._last_client is not None:
            floor = self.counters[self._last_client]
        else:
            return
        self.counters[client] = max(self.counters[client], floor)

    def next_waiting(self) -> Job:
        """Who of those waiting is first in order."""
        return first(self.policy.order, self.waiting, self.counters)

    def decoding(self) -> list[Job]:
        """Who decodes."""
        return [job for job in self.running if job.state is State.DECODING]

    def plan(self, now: float) -> Work:
        """What the next step computes."""
        batching, work = self.policy.batching, Work()
        for job in self.landed:
            job.state, job.swapped = State.DECODING, False
        self.landed.clear()
        self._now = now
        if self.policy.order.promote_s > 0:
            self._promote(now)
        if self.policy.order.groups == "levels" and self._changed:
            self._make_way()
        decodes = bool(self.decoding())
        work.drafts = self.drafts if len(self.decoding()) <= self.drafts_up_to else 0
        chased = self._grow(work.drafts) if decodes and batching.mixed else False
        self._compose(work, now, chased=chased)
        if work.chunks and not batching.mixed:
            decodes = False
        elif decodes and not batching.mixed:
            self._grow(work.drafts)
            work.restored = [job for job in work.restored if job.state is State.RESTORING]
        work.decodes = self.decoding() if decodes else []
        work.moved_tokens, self._moved = self._moved, 0
        if work.empty and self.waiting and not self.running:
            work.wake_s = self.next_waiting().arrival_s + batching.wait_s
        return work

    def _admits(self, job: Job, limit: int) -> bool:
        """Whether there are a seat and memory for one more, now and as far as is foreseen."""
        if job.width + sum(other.width for other in self.running) > limit:
            return False
        return self.memory.fits(job, alone=not self.running) and lasts(self.memory, self.running, job)

    def _promote(self, now: float) -> None:
        while (job := starved(self.policy.order, self.waiting, now)) is not None:
            job.level, job.queued_s, self._changed = 0, now, True

    def _make_way(self) -> None:
        while self.waiting:
            job = self.next_waiting()
            if self._admits(job, self.policy.max_num_seqs):
                return
            others = self.decoding()
            worst = max(others, key=lambda other: (other.level, other.key, other.id), default=None)
            if worst is None or worst.level <= job.level:
                return
            self._preempt(worst)

    def _grow(self, drafts: int) -> bool:
        """Blocks for everyone whose next tokens need them; whoever is last in line makes room. Whether somebody did."""
        if not self.policy.memory.grows:
            return False
        chased = False
        while True:
            needs = [(job, self.memory.lacks(job, job.writes(drafts))) for job in self.decoding()]
            if sum(blocks for _, blocks in needs) <= self.memory.room:
                break
            self._preempt(last(self.policy, self.running))
            chased = True
        for job, blocks in needs:
            self.memory.take(blocks)
            job.blocks += blocks
        return chased

    def _compose(self, work: Work, now: float, *, chased: bool) -> None:
        """Prompts begun before, then whoever is let in, up to the budget."""
        batching = self.policy.batching
        rows = sum(job.width for job in self.decoding()) * (1 + work.drafts)
        budget = batching.token_budget - rows * batching.counts_decodes
        for job in (job for job in self.running if job.state is State.READING):
            new = min(job.left, budget)
            if new > 0 and len(work.chunks) < batching.prompts:
                work.chunks.append((job, new))
                budget -= new
        if not self.waiting or chased or (not self._changed and self.running):
            return
        limit = self.policy.max_num_seqs
        if batching.gang:
            limit = min(batching.gang, limit)
            full = len(self.waiting) >= limit or self.closing
            if self.running or not (full or now >= self.next_waiting().arrival_s + batching.wait_s):
                return
            self._longest_answer = 0
        while self.waiting:
            job = self.next_waiting()
            if not self._admits(job, limit):
                self._changed = False
                return
            if not job.swapped:
                if len(work.chunks) >= batching.prompts or budget <= 0:
                    return
                if not batching.chunked and work.chunks and job.known > budget:
                    return
            self._let_in(job)
            if job.state is State.RESTORING:
                work.restored.append(job)
            elif job.state is State.MOVING:
                work.fetched.append(job)
            else:
                new = min(job.left, budget) if batching.chunked else job.left
                work.chunks.append((job, new))
                budget -= new
            self._longest_answer = max(self._longest_answer, job.output)

    def _let_in(self, job: Job) -> None:
        self.waiting.remove(job)
        self._last_client = job.client
        if not self.policy.memory.grows:
            job.reserve = max(job.reserve, job.known + 1)
        found = self.memory.let_in(job)
        self.running.append(job)
        self._order += 1
        job.order, job.served = self._order, 0
        if job.swapped and job.source >= 0:
            job.state, job.context = State.MOVING, job.known - 1
            return
        if job.swapped:
            job.state, job.context = State.RESTORING, job.known - 1
            self._moved += job.cached_tokens
            return
        job.state, job.context = State.READING, min(found, job.known - 1)
        job.cached = job.context
        if not job.counted:
            job.counted = True
            self.counters[job.client] += self.policy.order.prompt_weight * job.prompt

    def _preempt(self, job: Job) -> None:
        """Back to the queue, with the cache on the host or forgotten."""
        if job.state is State.DECODING:
            job.known, job.swapped = job.prompt + job.made, self.swaps
            self._moved += job.cached_tokens if self.swaps else 0
        self.memory.lets_go(job)
        self.running.remove(job)
        job.state, job.context = State.WAITING, 0
        job.preempted += 1
        job.queued_s = self._now
        self.waiting.append(job)
        self._changed = True

    def done(self, work: Work, now: float, accepted: Mapping[int, int] | None = None) -> list[Job]:
        """The step has been computed, drafts `accepted` by request: tokens, ends, and who decodes from now on."""
        finished: list[Job] = []
        self._now = now
        for job in work.decodes:
            for _ in range(job.keeps((accepted or {}).get(job.id, 0), reserved=not self.policy.memory.grows)):
                job.context += 1
                self._token(job, now)
                job.served += 1
        for job in sorted(work.decodes, key=lambda job: job.id):
            if self._ended(job):
                finished.append(job)
            elif not self.policy.memory.grows and not self.policy.batching.gang and job.context >= job.reserve:
                job.reserve = min(2 * job.reserve, self.longest)
                self._preempt(job)
            elif self.policy.order.groups == "levels" and job.served >= self.policy.order.quanta()[job.level]:
                job.level, job.served = min(job.level + 1, self.policy.order.levels - 1), 0
                self._changed = True
        for job in (
            job for job in list(self.running) if job in work.restored or any(job is one for one, _ in work.chunks)
        ):
            new = next((new for one, new in work.chunks if one is job), 0)
            if job.state is State.RESTORING:
                job.state, job.swapped = State.DECODING, False
                continue
            job.context += new
            self._changed = True
            if job.left == 0:
                job.context = job.known
                self._token(job, now)
                job.state = State.DECODING
                if self._ended(job):
                    finished.append(job)
                elif self.hands_over:
                    self._hand_over(job)
        for job in finished:
            job.state = State.FINISHED
            self.memory.lets_go(job)
            self.running.remove(job)
            self._changed = True
        return finished

    def _hand_over(self, job: Job) -> None:
        """The prompt has been read: the cache stays until it has landed where the request decodes."""
        job.parked, job.blocks = job.blocks, 0
        job.state = State.MOVING
        self.running.remove(job)
        self.leaving.append(job)
        self._changed = True

    def _token(self, job: Job, now: float) -> None:
        job.made += 1
        if job.made <= job.output:
            job.times.append(now)
            self.counters[job.client] += self.policy.order.token_weight * job.width

    def _ended(self, job: Job) -> bool:
        """A request leaves with its last token; in a whole batch, with the last token of the longest answer."""
        return job.made >= (self._longest_answer if self.policy.batching.gang else job.output)
