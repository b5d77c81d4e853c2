"""Who holds which blocks of the KV cache, as a scheduler keeps it: counts for sequences, ids for shared prefixes."""

from __future__ import annotations

from collections import OrderedDict

from interlock.serving.job import Job
from interlock.serving.policy import Memory


class Ledger:
    """Blocks of one replica.

    `pinned` counts the holders of a prefix block, `idle` has those that nobody holds, least recently used first.
    """

    def __init__(self, memory: Memory, tokens: int, prefix_tokens: int) -> None:
        self.memory, self.prefix_tokens = memory, prefix_tokens if memory.shares_prefixes else 0
        self.total = tokens // memory.block
        self.free = self.total
        self.watermark = int(memory.watermark * self.total)
        self.pinned: dict[int, int] = {}
        self.idle: OrderedDict[int, None] = OrderedDict()

    @property
    def per_prefix(self) -> int:
        """Blocks of a prefix block."""
        return self.prefix_tokens // self.memory.block

    @property
    def room(self) -> int:
        """Blocks that are free or can be."""
        return self.free + len(self.idle) * self.per_prefix

    @property
    def held(self) -> int:
        """Blocks that somebody needs."""
        return self.total - self.room

    def own(self, job: Job) -> int:
        """Blocks that a request needs for itself when it is let in."""
        tokens = job.known - job.swapped
        if not self.memory.grows:
            tokens = max(job.reserve, tokens + 1)
        return job.width * -(-tokens // self.memory.block) - self.spared(job) - len(job.prefixes) * self.per_prefix

    def spared(self, job: Job) -> int:
        """Blocks that its answers share: those that the prompt fills."""
        return (job.width - 1) * (job.prompt // self.memory.block) if self.memory.grows else 0

    def lacks(self, job: Job, tokens: int) -> int:
        """Blocks that a sequence needs for so many more tokens."""
        needed = job.width * -(-(job.context + tokens) // self.memory.block) - self.spared(job)
        return max(needed - len(job.prefixes) * self.per_prefix - job.blocks, 0)

    def hits(self, job: Job) -> int:
        """Leading prefix blocks that are cached."""
        count = 0
        for block in job.prefixes:
            if block not in self.pinned and block not in self.idle:
                break
            count += 1
        return count

    def fits(self, job: Job, *, alone: bool) -> bool:
        """Whether a request can be let in, leaving the watermark free unless it is alone."""
        new = sum(block not in self.pinned for block in job.prefixes)
        return self.own(job) + new * self.per_prefix + (0 if alone else self.watermark) <= self.room

    def let_in(self, job: Job) -> int:
        """Give a request its blocks; returns the prompt tokens found in the cache."""
        found = self.hits(job)
        for block in job.prefixes:
            if block in self.pinned:
                self.pinned[block] += 1
            elif block in self.idle:
                del self.idle[block]
                self.pinned[block] = 1
        for block in job.prefixes:
            if block not in self.pinned:
                self.take(self.per_prefix)
                self.pinned[block] = 1
        job.blocks = self.own(job)
        self.take(job.blocks)
        return found * self.prefix_tokens

    def take(self, blocks: int) -> None:
        """Use blocks, evicting idle prefixes as far as needed."""
        while self.free < blocks and self.idle:
            self.idle.popitem(last=False)
            self.free += self.per_prefix
        self.free -= blocks

    def lets_go(self, job: Job) -> None:
        """Take everything back; prefixes that nobody holds stay, their ends first in line to go."""
        self._take_back(job, job.blocks)
        job.blocks = 0

    def unpark(self, job: Job) -> None:
        """Take back what a request that has moved elsewhere left here."""
        self._take_back(job, job.parked)
        job.parked = 0

    def _take_back(self, job: Job, blocks: int) -> None:
        self.free += blocks
        for block in reversed(job.prefixes):
            self.pinned[block] -= 1
            if self.pinned[block] == 0:
                del self.pinned[block]
                self.idle[block] = None
