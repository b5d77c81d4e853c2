"""What is simulated: replicas, each with a clock and a cache, how caches move between them, and when they are up."""

from __future__ import annotations

from dataclasses import dataclass

from interlock.errors import InputError
from interlock.serving.clock import StepClock
from interlock.serving.lives import ALWAYS, Lives
from interlock.serving.policy import UNLIMITED, Policy
from interlock.serving.speculation import Speculation


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Replicas of one kind."""

    clock: StepClock
    kv_tokens: int
    replicas: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """What is simulated: `replicas` of one kind and, behind them, those of `more`, numbered in this order.

    `swap_s` is seconds a token to or from the host; below 0, no host. `lives`: when replicas come up and go down.

    Where the policy has pools, the first `prefill_replicas` read prompts (0: the policy's share), and caches take
    `transfer_latency_s` and `transfer_s` a token to the others; below 0, no link.
    """

    clock: StepClock
    kv_tokens: int
    replicas: int = 1
    longest: int = 2**17
    swap_s: float = -1.0
    concurrency: int = UNLIMITED
    prefill_replicas: int = 0
    transfer_s: float = -1.0
    transfer_latency_s: float = 0.0
    transfer_layers: int = 1
    more: tuple[Group, ...] = ()
    lives: Lives = ALWAYS
    speculation: Speculation | None = None

    @property
    def groups(self) -> tuple[Group, ...]:
        """All replicas by kind."""
        return (Group(clock=self.clock, kv_tokens=self.kv_tokens, replicas=self.replicas), *self.more)

    @property
    def lanes(self) -> int:
        """All replicas."""
        return sum(group.replicas for group in self.groups)


def split(engine: Engine, policy: Policy) -> int:
    """How many replicas only read prompts.

    Raises:
        InputError: pools that leave one side empty, or no link between them.
    """
    if policy.pools is None:
        return 0
    found = engine.prefill_replicas or max(round(policy.pools.prefill_share * engine.lanes), 1)
    if not 0 < found < engine.lanes:
        accepted = "at least one replica that reads prompts (--prefill-replicas) and one that decodes"
        raise InputError("--replicas", f"{found} of {engine.lanes} to read prompts", accepted)
    if engine.transfer_s < 0:
        raise InputError("--chip", "no link whose bandwidth is published", f"one to move caches over ({policy.name})")
    if engine.lives.events:
        accepted = f"replicas that stay up, under a policy with pools ({policy.name})"
        raise InputError("--faults", "replicas that go down", accepted)
    return int(found)
