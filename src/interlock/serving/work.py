"""What one step computes, as a scheduler asks for it."""

from __future__ import annotations

from dataclasses import dataclass, field

from interlock.serving.job import Job

WAITS = float("inf")


@dataclass(slots=True, kw_only=True)
class Work:
    """One step: (request, new tokens) to read, requests that decode, tokens whose cache moves over the host link."""

    chunks: list[tuple[Job, int]] = field(default_factory=list)
    decodes: list[Job] = field(default_factory=list)
    restored: list[Job] = field(default_factory=list)
    fetched: list[Job] = field(default_factory=list)  # whose caches begin to come from other replicas, beside the step
    moved_tokens: int = 0
    drafts: int = 0  # tokens that are drafted and verified for each of those that decode
    wake_s: float = WAITS

    @property
    def empty(self) -> bool:
        """Whether there is nothing to compute; then the scheduler wants to be asked again at `wake_s`."""
        return not (self.chunks or self.decodes or self.restored or self.moved_tokens)
