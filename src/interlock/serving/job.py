"""One request as a scheduler holds it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class State(StrEnum):
    """Where a request is."""

    WAITING = "waiting"
    READING = "reading"  # its prompt is being read
    DECODING = "decoding"
    RESTORING = "restoring"  # its cache comes back from the host
    MOVING = "moving"  # its cache comes from another replica
    FINISHED = "finished"


@dataclass(slots=True, kw_only=True)
class Job:
    """A request under way. `known` tokens must be in the cache before it decodes; `context` of them are."""

    id: int
    arrival_s: float
    key: float
    prompt: int
    output: int
    client: int = 0
    width: int = 1  # answers to its prompt that are made side by side
    level: int = 0
    reserve: int = 0
    prefixes: tuple[int, ...] = ()
    state: State = State.WAITING
    known: int = 0
    context: int = 0
    made: int = 0
    chunk: int = 0
    blocks: int = 0
    order: int = 0
    served: int = 0  # tokens decoded at this level since it was let in
    swapped: bool = False
    source: int = -1  # replica that holds its cache until it has landed here
    parked: int = 0  # blocks of it there
    counted: bool = False  # its prompt has been charged to its client
    preempted: int = 0
    cached: int = 0
    expected: int = 0  # tokens out as a predictor sees them; as they are if 0
    queued_s: float = 0.0  # since when it waits
    times: list[float] = field(default_factory=list)

    @property
    def left(self) -> int:
        """Known tokens that are not in the cache, while it is being read."""
        return self.known + (self.width - 1) * self.made - self.context

    def writes(self, drafts: int) -> int:
        """Tokens that a step with so many drafts may add to its cache."""
        return max(min(1 + drafts, self.output - self.made), 1)

    def keeps(self, accepted: int, *, reserved: bool) -> int:
        """Tokens that a step gives it, with drafts accepted: no more than it asked for, nor than are set aside."""
        limit = self.reserve - self.context if reserved else accepted + 1
        return max(min(self.writes(accepted), limit), 1)

    @property
    def cached_tokens(self) -> int:
        """Tokens of which its caches are made while it decodes: the prompt once, and what each answer has."""
        return self.context + (self.width - 1) * (self.context - self.prompt)

    @property
    def done(self) -> bool:
        """Whether it has all its tokens."""
        return self.made >= self.output
